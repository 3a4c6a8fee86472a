// Command trial is crawlbench with crawlers for which the right answer is known: six that are the
// same, one that is slower by TRIAL_DELAY nanoseconds per page, and some that spend their time in a
// known way, with twins that do not. scripts/trial.sh runs it many times and counts the claims. Its further commands
// "situation N" and "check N" are about runs of right and unremarkable crawlers: the first prints the scenario of the
// N-th, and the second tells which causes of its report, as JSON on standard input, are false.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"crawlbench/bench"
)

func main() {
	if len(os.Args) == 3 && slices.Contains([]string{"situation", "check"}, os.Args[1]) {
		if err := clean(os.Args[1], os.Args[2], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "trial:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(bench.Main(os.Args, crawlers()...))
}

// crawlers returns the crawlers of crawlbench, and those of which the right answer is known.
func crawlers() []bench.Crawler {
	list := bench.Crawlers()
	for _, c := range list {
		if c.Name == "mutexmap" {
			for _, name := range []string{"same1", "same2", "same3", "same4", "same5", "same6"} {
				c.Name = name
				list = append(list, c)
			}
			list = append(list, staged(c.ByID)...)
			list = append(list, burns(c)...)
			c.Name, c.Doc = "slow", "mutexmap with a delay per page"
			c.ByID = slowed(c.ByID)
			c.ByURL = nil
			list = append(list, c)
		}
	}
	return slices.Concat(list, causes(), planted())
}

// slowed returns f with a delay before every fetch.
func slowed(f bench.Func[uint32]) bench.Func[uint32] {
	rounds := sync.OnceValue(func() int {
		ns, _ := strconv.ParseFloat(os.Getenv("TRIAL_DELAY"), 64)
		return calibrate(ns)
	})
	return func(ctx context.Context, web bench.Web[uint32], seeds []uint32, o bench.Options) (bench.Result, error) {
		return f(ctx, delayed{web, rounds()}, seeds, o)
	}
}

type delayed struct {
	bench.Web[uint32]
	rounds int
}

func (d delayed) Fetch(ctx context.Context, page uint32) ([]uint32, error) {
	spin(d.rounds)
	return d.Web.Fetch(ctx, page)
}

// calibrate returns how many rounds of spin take ns nanoseconds.
func calibrate(ns float64) int {
	const rounds = 1 << 20
	best := time.Hour
	for range 5 {
		start := time.Now()
		spin(rounds)
		best = min(best, time.Since(start))
	}
	return int(ns * rounds / float64(best.Nanoseconds()))
}

//go:noinline
func spin(rounds int) {
	sum := 0
	for i := range rounds {
		sum = sum*31 + i
	}
	runtime.KeepAlive(sum)
}
