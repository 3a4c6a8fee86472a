package paper

import (
	"encoding/csv"
	"os"
	"strings"
	"testing"

	"crawlbench/bench/redis/fleet"
	"crawlbench/bench/redis/frontier"
	"crawlbench/bench/redis/server"
	"crawlbench/bench/redis/server/servertest"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == fleet.ChildVerb {
		os.Exit(fleet.Main(os.Stdin, os.Stdout, os.Stderr, frontier.Crawlers()))
	}
	os.Exit(m.Run())
}

// command runs the command.
func command(args ...string) (code int, out, errs string) {
	var o, e strings.Builder
	code = Main(args, &o, &e)
	return code, o.String(), e.String()
}

func TestCommandWritesARowPerNumberOfProcesses(t *testing.T) {
	small := []string{"-processes", "1,8", "-hosts", "1000", "-workers", "4", "-warmup", "100ms", "-window", "1s"}
	code, out, errs := command(append(small, "-format", "csv")...)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if want := 1 + 2*len(Recorded()); err != nil || len(rows) != want {
		t.Errorf("%d rows, %v, want a head and two rows per frontier: %d", len(rows), err, want)
	}
	for _, row := range rows[1:] {
		if last := row[len(row)-1]; (last == "true") != (row[1] == "8") {
			t.Errorf("%v: extrapolated %s", row[:2], last)
		}
	}
	for _, format := range []string{"text", "markdown"} {
		code, out, errs := command(append(small, "-format", format, "-frontier", "redislease")...)
		if code != exitOK {
			t.Fatalf("%s: exit code %d: %s", format, code, errs)
		}
		for _, want := range []string{"redislease", "extrapolated", "limited by", "shard imbalance",
			"Assumed: 1,000 hosts", "Source: measured"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in\n%s", format, want, out)
			}
		}
	}
}

func TestCommandChecksItsFlags(t *testing.T) {
	for want, args := range map[string][]string{
		`no frontier "redis"`:         {"-frontier", "redis"},
		`invalid number "x"`:          {"-processes", "1,x"},
		`invalid -format "json"`:      {"-format", "json"},
		`unexpected argument "more"`:  {"more"},
		"want 1 to 100,000,000":       {"-hosts", "0"},
		"flag provided but not defin": {"-nothing"},
	} {
		if code, _, errs := command(args...); code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%v: exit code %d, %q, want %d and %q", args, code, errs, exitUsage, want)
		}
	}
}

func TestCostsAreMeasuredAndCompared(t *testing.T) {
	servertest.Start(t, server.Options{}) // skips the test if none is installed
	code, out, errs := command("-frontier", "redislua", "-measure", "-compare", "-pages", "2000", "-processes", "1",
		"-hosts", "1000", "-workers", "4", "-warmup", "100ms", "-window", "100ms")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{"Source: measured on ", "Predicted / observed in real crawls",
		"crawls of up to 4 processes"} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
