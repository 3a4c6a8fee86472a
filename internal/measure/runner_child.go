package measure

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"crawlbench/internal/host/child"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// failure says why a child gave no result.
type failure struct {
	class, message string
	output         []byte
}

// setupTime is the default of Runner.Setup.
const setupTime = 10 * time.Second

// frozen is the flag of a sample during which the machine or the processes of the run were stopped.
const frozen = "frozen"

// run runs job in a child, of the other program if against is set. An error is the harness's own;
// a failure is the crawler's.
func (r *Runner) run(ctx context.Context, job Job, against bool, limit time.Duration) (*Outcome, *failure, error) {
	if job.Cell.Processes > 0 && !job.Null {
		return r.runFleet(ctx, job, against, limit)
	}
	in, err := json.Marshal(job)
	if err != nil {
		return nil, nil, fmt.Errorf("encode the job of %s: %w", job.Cell.ID(), err)
	}
	args, err := r.args(against)
	if err != nil {
		return nil, nil, fmt.Errorf("start a child process for %s: %w", job.Cell.ID(), err)
	}
	end, err := child.Run(ctx, func() *exec.Cmd { return command(args, in) }, limit)
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("start a child process for %s: %w", job.Cell.ID(), err)
	}
	return outcomeOfChild(job, end, args[0])
}

// limit is how long a child may take for its job, or a resident for one request.
func (r *Runner) limit() time.Duration { return r.Run.Plan().Deadline + cmp.Or(r.Setup, setupTime) }

func command(args []string, in []byte) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin = bytes.NewReader(in)
	return cmd
}

// outcomeOfChild returns the outcome of a child of a program that has ended, or why there is none.
func outcomeOfChild(job Job, end *child.End, program string) (*Outcome, *failure, error) {
	switch {
	case end.Class == child.Unstarted:
		return nil, nil, fmt.Errorf("start a child process for %s: %s\n"+
			"A program built from an older crawlbench cannot be a child of this one: rebuild %s",
			job.Cell.ID(), end.Text, program)
	case end.Last == nil || end.Class != child.Done && end.Class != child.Left:
		return nil, failed(class(end.Class), end.Text, end.Output), nil
	}
	var outcome Outcome
	if err := json.Unmarshal(end.Last, &outcome); err != nil {
		return nil, nil, fmt.Errorf("measure %s: the child's outcome: %w", job.Cell.ID(), err)
	}
	switch {
	case outcome.Error != "":
		return nil, nil, fmt.Errorf("measure %s: %s", job.Cell.ID(), outcome.Error)
	case outcome.Wrong != "" && end.Class == child.Left:
		return nil, failed("wrong", plain.Text(outcome.Wrong)+"; "+end.Text, end.Output), nil
	case outcome.Wrong != "":
		return nil, failed("wrong", plain.Text(outcome.Wrong), end.Output), nil
	case end.Class == child.Left:
		return nil, failed("wrong", end.Text, end.Output), nil
	}
	if s := outcome.Sample; s != nil && s.Crawls > 0 && job.Cell.Transport == plan.HTTP {
		if _, ok := s.Values[store.SiteUnit]; !ok {
			return nil, nil, fmt.Errorf("measure %s: %s was built from a crawlbench without transport = \"http\": rebuild it",
				job.Cell.ID(), program)
		}
	}
	outcome.Frozen = end.Frozen
	if s := outcome.Sample; s != nil && end.Frozen {
		s.Flags = append(s.Flags, frozen)
	}
	return &outcome, nil, nil
}

// args returns the command line of a child.
func (r *Runner) args(against bool) ([]string, error) {
	switch {
	case against:
		return []string{r.Against, ChildVerb}, nil
	case len(r.Child) > 0:
		return r.Child, nil
	}
	exe, err := os.Executable()
	return []string{exe, ChildVerb}, err
}

// class returns the journal's class for c.
func class(c child.Class) string {
	switch c {
	case child.Junk, child.Fault: // violations of the contract
		return "wrong"
	}
	return string(c)
}

// failed returns a failure: the first line of text is the message, the others are put before the
// child's output.
func failed(class, text string, output []byte) *failure {
	message, details, _ := strings.Cut(text, "\n")
	if details != "" {
		output = append([]byte(details+"\n\n"), output...)
	}
	return &failure{class, message, output}
}
