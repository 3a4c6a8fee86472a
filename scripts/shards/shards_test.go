// Package shards_test runs the commands in the examples of this directory as Kubernetes, GitHub and Slurm would, on a
// tiny scenario, and checks that these systems accept the files.
package shards_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

const scenario = `
control  = false
crawlers = ["mutexmap", "cas"]
workers  = [1]
rounds   = 8
sample   = "1ms"
turns    = 2
slice    = "1ms"
rest     = "0s"
[[graph]]
name  = "g"
kind  = "hosts"
pages = 200
`

// TestMain builds crawlbench once, and puts it on the path.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "crawlbench-shards-")
	if err != nil {
		panic(err)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "crawlbench"), "./bench/cmd/crawlbench")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// tiny writes the scenario, and returns its path.
func tiny(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tiny.toml")
	if err := os.WriteFile(file, []byte(scenario), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

// run runs a command with an environment, in which later values replace earlier ones.
func run(dir string, env []string, args ...string) (string, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func must(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	out, err := run(dir, env, args...)
	if err != nil {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return out
}

// checkMerged checks that a run is complete and was merged from a number of shards.
func checkMerged(t *testing.T, dir string, shards int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		State    string
		Parts    []struct{ Shard int }
		Machines []struct{ Name string }
	}
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	for i, p := range m.Parts {
		if p.Shard != i+1 {
			t.Errorf("part %d is shard %d", i+1, p.Shard)
		}
	}
	if m.State != "complete" || len(m.Parts) != shards || len(m.Machines) != 1 {
		t.Errorf("the merged run is %s, from %d shards of %d machines: want complete, %d shards, this machine", m.State,
			len(m.Parts), len(m.Machines), shards)
	}
}

// jobs reads Kubernetes jobs, and accepts no field that Kubernetes does not know.
func jobs(t *testing.T) (list []batch.Job) {
	t.Helper()
	text, err := os.ReadFile("kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range bytes.Split(text, []byte("\n---\n")) {
		var job batch.Job
		if err := yaml.UnmarshalStrict(doc, &job); err != nil {
			t.Fatal(err)
		}
		list = append(list, job)
	}
	return list
}

// environment returns the environment of a container.
func environment(t *testing.T, c core.Container, results, scenario string) (env []string) {
	t.Helper()
	for _, e := range c.Env {
		switch {
		case e.Name == "RESULTS":
			if len(c.VolumeMounts) != 1 || c.VolumeMounts[0].MountPath != e.Value {
				t.Errorf("results go to %s, which is not the volume that is mounted: %+v", e.Value, c.VolumeMounts)
			}
			e.Value = results
		case e.Name == "SCENARIO":
			e.Value = scenario
		case e.ValueFrom != nil && e.ValueFrom.FieldRef != nil && e.ValueFrom.FieldRef.FieldPath == "spec.nodeName":
			e.Value = "node-7.example"
		case e.ValueFrom != nil:
			t.Errorf("%s comes from %+v", e.Name, e.ValueFrom)
		}
		env = append(env, e.Name+"="+e.Value)
	}
	return env
}

func TestKubernetes(t *testing.T) {
	list := jobs(t)
	if len(list) != 2 {
		t.Fatalf("%d jobs, want 2", len(list))
	}
	shards, merge := list[0].Spec, list[1].Spec
	c := shards.Template.Spec.Containers[0]
	results, file := t.TempDir(), tiny(t)
	env := environment(t, c, results, file)
	n := int(*shards.Completions)
	if *shards.CompletionMode != batch.IndexedCompletion || n < 4 || *shards.Parallelism != *shards.Completions ||
		!slices.Contains(env, fmt.Sprint("SHARDS=", n)) {
		t.Errorf("%d completions, %d in parallel, mode %s, environment %v: want one index for each shard", n,
			*shards.Parallelism, *shards.CompletionMode, env)
	}
	// Kubernetes accepts a limit for each index only if pods are not restarted in place.
	if shards.BackoffLimitPerIndex == nil || shards.Template.Spec.RestartPolicy != core.RestartPolicyNever {
		t.Error("want backoffLimitPerIndex with restartPolicy: Never")
	}
	if r := c.Resources; !r.Limits.Cpu().Equal(*r.Requests.Cpu()) || !r.Limits.Memory().Equal(*r.Requests.Memory()) ||
		r.Limits.Cpu().MilliValue()%1000 != 0 {
		t.Errorf("resources %+v: want equal requests and limits of whole processors", r)
	}
	labels := shards.Template.Labels
	for _, term := range shards.Template.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
		for k, v := range term.LabelSelector.MatchLabels {
			if labels[k] != v {
				t.Errorf("the anti-affinity is with %s=%s, and the pods have %v", k, v, labels)
			}
		}
	}
	command := slices.Concat(c.Command, c.Args)
	for i := range n {
		must(t, t.TempDir(), append(env, fmt.Sprint("JOB_COMPLETION_INDEX=", i)), command...)
	}
	must(t, t.TempDir(), append(env, "JOB_COMPLETION_INDEX=1"), command...) // a second pod for an index
	if out, err := run(t.TempDir(), append(env, fmt.Sprint("JOB_COMPLETION_INDEX=", n)), command...); err == nil {
		t.Errorf("an index too many is measured:\n%s", out)
	}
	m := merge.Template.Spec.Containers[0]
	env = environment(t, m, results, file)
	if out := must(t, t.TempDir(), env, slices.Concat(m.Command, m.Args)...); !strings.Contains(out, "attempt 2") {
		t.Errorf("the merge does not name the second attempt:\n%s", out)
	}
	checkMerged(t, filepath.Join(results, "quick-1"), n)
}

// step is a step of a workflow, and job a job.
type step struct {
	Name, Uses, Run, If string
	With                map[string]any
	Env                 map[string]string
}

type job struct {
	Strategy struct{ Matrix map[string][]any }
	Needs    string
	Steps    []step
}

var expression = regexp.MustCompile(`\$\{\{ *([^}]*?) *\}\}`)

// fill replaces the expressions of a workflow.
func fill(t *testing.T, text string, values map[string]string) string {
	t.Helper()
	return expression.ReplaceAllStringFunc(text, func(s string) string {
		name := expression.FindStringSubmatch(s)[1]
		value, ok := values[name]
		if !ok {
			t.Errorf("unknown expression %s", s)
		}
		return value
	})
}

// lint returns the errors that actionlint finds in a workflow.
func lint(t *testing.T, text []byte) []*actionlint.Error {
	t.Helper()
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	problems, err := linter.Lint("github.yml", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	return problems
}

// The checks of the files find mistakes: a misspelled field, and a job, an expression and an input that do not exist.
func TestChecksFindMistakes(t *testing.T) {
	text, err := os.ReadFile("github.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range [][2]string{{"needs: build", "needs: builds"}, {"matrix.shard", "matrix.shards"},
		{"fail-fast", "fail-fats"}, {"inputs.scenario", "inputs.scenarios"}} {
		if len(lint(t, bytes.Replace(text, []byte(x[0]), []byte(x[1]), 1))) == 0 {
			t.Errorf("%s in place of %s: want an error", x[1], x[0])
		}
	}
	if text, err = os.ReadFile("kubernetes.yaml"); err != nil {
		t.Fatal(err)
	}
	first, _, _ := bytes.Cut(text, []byte("\n---\n"))
	for _, x := range [][2]string{{"completionMode", "completionModus"}, {"completions: 4", "completions: four"},
		{"podAntiAffinity", "antiAffinity"}} {
		bad := bytes.Replace(first, []byte(x[0]), []byte(x[1]), 1)
		if yaml.UnmarshalStrict(bad, new(batch.Job)) == nil {
			t.Errorf("%s in place of %s: want an error", x[1], x[0])
		}
	}
}

func TestGitHub(t *testing.T) {
	text, err := os.ReadFile("github.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range lint(t, text) {
		t.Error(p)
	}
	var workflow struct {
		Env  map[string]string
		Jobs map[string]job
	}
	if err := yaml.Unmarshal(text, &workflow); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"github.run_id": "77", "github.run_attempt": "1", "inputs.scenario": tiny(t)}
	artifacts := t.TempDir()
	var env []string
	for k, v := range workflow.Env {
		env = append(env, k+"="+fill(t, v, values))
	}
	env = append(env, "GITHUB_STEP_SUMMARY="+filepath.Join(artifacts, "summary.md"))
	n := len(workflow.Jobs["shard"].Strategy.Matrix["shard"])
	if workflow.Env["SHARDS"] != fmt.Sprint(n) || n < 4 {
		t.Errorf("SHARDS is %s, and the matrix has %d", workflow.Env["SHARDS"], n)
	}
	var last string
	perform := func(name string) {
		last = t.TempDir()
		workflow.Jobs[name].perform(t, last, artifacts, env, values)
	}
	perform("build")
	for _, i := range workflow.Jobs["shard"].Strategy.Matrix["shard"] {
		values["matrix.shard"] = fmt.Sprint(i)
		perform("shard")
	}
	values["github.run_attempt"], values["matrix.shard"] = "2", "3"
	perform("shard") // as if it had been run again
	perform("merge")
	checkMerged(t, filepath.Join(last, "results", "sweep-77"), n)
	summary, err := os.ReadFile(filepath.Join(artifacts, "summary.md"))
	if err != nil || !strings.Contains(string(summary), "|") {
		t.Errorf("the summary is %q, %v", summary, err)
	}
}

// perform does what a runner does, in dir.
func (j job) perform(t *testing.T, dir, artifacts string, env []string, values map[string]string) {
	t.Helper()
	if len(j.Steps) == 0 {
		t.Fatal("a job has no steps")
	}
	shell := func(format string, args ...any) {
		must(t, dir, nil, "sh", "-ec", fmt.Sprintf(format, args...))
	}
	for _, s := range j.Steps {
		with := func(key string) string {
			text, _ := s.With[key].(string)
			return fill(t, text, values)
		}
		action, _, _ := strings.Cut(s.Uses, "@")
		switch {
		case s.Run == "make build":
			shell(`mkdir .bin; cp "$(command -v crawlbench)" .bin`)
		case s.Run != "":
			all := slices.Clone(env)
			for k, v := range s.Env {
				all = append(all, k+"="+fill(t, v, values))
			}
			must(t, dir, all, "bash", "-e", "-o", "pipefail", "-c", fill(t, s.Run, values))
		case action == "actions/upload-artifact":
			// An artifact loses the permission to be executed.
			shell("mkdir %q; cp -r %s %[1]q; chmod -x %[1]q/crawlbench 2>/dev/null || true",
				filepath.Join(artifacts, with("name")), with("path"))
		case action == "actions/download-artifact" && with("name") != "":
			shell("mkdir -p %q; cp -r %q/. %[1]q", with("path"), filepath.Join(artifacts, with("name")))
		case action == "actions/download-artifact":
			shell("mkdir -p %q; cp -r %s/%s %[1]q", with("path"), artifacts, with("pattern"))
		case action == "actions/checkout", action == "actions/setup-go":
		default:
			t.Errorf("unknown step %+v", s)
		}
	}
}

func TestSlurm(t *testing.T) {
	text, err := os.ReadFile("slurm.sh")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^#SBATCH --array=1-8$`).Match(text) {
		t.Error("slurm.sh has no array of 8 tasks, from 1")
	}
	// Slurm reads options up to the first command.
	if i, j := bytes.LastIndex(text, []byte("#SBATCH")), bytes.Index(text, []byte("\nset ")); i > j {
		t.Error("slurm.sh has options after its first command, which Slurm ignores")
	}
	script, err := filepath.Abs("slurm.sh")
	if err != nil {
		t.Fatal(err)
	}
	merge := filepath.Join(filepath.Dir(script), "slurm-merge.sh")
	results := t.TempDir()
	env := func(id, least, most, count int) []string {
		return []string{"SCENARIO=" + tiny(t), "RUN=", "RESULTS=" + results, "SLURM_JOB_NAME=crawlbench",
			"SLURM_ARRAY_JOB_ID=4711", fmt.Sprint("SLURM_ARRAY_TASK_ID=", id),
			fmt.Sprint("SLURM_ARRAY_TASK_MIN=", least), fmt.Sprint("SLURM_ARRAY_TASK_MAX=", most),
			fmt.Sprint("SLURM_ARRAY_TASK_COUNT=", count), "SLURMD_NODENAME=n3"}
	}
	for i := 1; i <= 8; i++ {
		must(t, t.TempDir(), env(i, 1, 8, 8), "sh", script)
	}
	for _, bad := range [][]string{env(0, 0, 7, 8), env(2, 1, 15, 8), env(3, 3, 3, 1)} {
		if out, err := run(t.TempDir(), bad, "sh", script); err == nil || !strings.Contains(out, "want --array=1-N") {
			t.Errorf("%v: %v\n%s", bad, err, out)
		}
	}
	must(t, t.TempDir(), []string{"RUN=crawlbench-4711", "RESULTS=" + results}, "sh", merge)
	checkMerged(t, filepath.Join(results, "crawlbench-4711"), 8)
	if out, err := run(t.TempDir(), []string{"RUN="}, "sh", merge); err == nil {
		t.Errorf("a merge without the name of the run:\n%s", out)
	}
}
