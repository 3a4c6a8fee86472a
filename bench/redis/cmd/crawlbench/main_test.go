//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asProgram is a variable that lets the test binary act as the program.
const asProgram = "CRAWLBENCH_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

const scenario = `
crawlers = ["redisset", "redislua", "redislease", "redisshards", "mutexmap"]
control = false
keys = ["url"]
processes = [1, 2]
workers = [2]
rate = ["inf", 2000]
limiter = ["redisslots", "redisreserve", "redisrate", "throttled", "rediswindow", "share"]
rate_limited_rounds = 1
sample = "20ms"
[[graph]]
name = "g"
kind = "hosts"
pages = 300
hosts = 10
`

// run runs the program on the scenario, with more arguments, and returns its output. path is the PATH that it gets.
func run(t *testing.T, path string, more ...string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "f.toml")
	if err := os.WriteFile(file, []byte(scenario), 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{"run", file, "-o", filepath.Join(dir, "run"), "-rounds", "1", "-force", "-progress", "none"}
	cmd := exec.Command(os.Args[0], append(args, more...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "PATH="+path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	return string(out)
}

// rows returns the rows of tables whose first words are those given.
func rows(text string, words ...string) (n int) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.Join(strings.Fields(line), " ")+" ", strings.Join(words, " ")+" ") {
			n++
		}
	}
	return n
}

// All crawlers and limiters are measured with real processes and a real server.
func TestFleets(t *testing.T) {
	if _, err := exec.LookPath("valkey-server"); err != nil {
		if _, err := exec.LookPath("redis-server"); err != nil {
			t.Skip("neither valkey-server nor redis-server is installed")
		}
	}
	text := run(t, os.Getenv("PATH"), "-rate", "inf")
	for _, crawler := range []string{"redisset", "redislua", "redislease", "redisshards"} {
		for _, processes := range []string{"1", "2"} {
			if rows(text, crawler, processes, "2") != 1 {
				t.Errorf("no row of %s with %s processes:\n%s", crawler, processes, text)
			}
		}
	}
	text = run(t, os.Getenv("PATH"), "-rate", "2000", "-crawlers", "mutexmap")
	for _, limiter := range []string{"redisslots", "redisreserve", "redisrate", "throttled", "rediswindow (wrong)", "share"} {
		for _, processes := range []string{"1", "2"} {
			if rows(text, limiter, "2000", "mutexmap", processes) != 1 {
				t.Errorf("no row of %s with %s processes:\n%s", limiter, processes, text)
			}
		}
	}
}

// The program has the commands of this module, and lists them.
func TestCommands(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"crash", "-help"}, {"paper", "-help"}} {
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%q: %v:\n%s", args, err, out)
		}
		if args[0] == "help" && !(strings.Contains(string(out), "crawlbench crash ") &&
			strings.Contains(string(out), "crawlbench paper ") && !strings.Contains(string(out), "fleet-process")) {
			t.Errorf("the commands of the program are\n%s", out)
		}
	}
}

// Without a server, the rest is measured, and the program says what it left out, and what to install.
func TestNoServer(t *testing.T) {
	text := strings.Join(strings.Fields(run(t, t.TempDir())), " ")
	for _, want := range []string{
		"note: redisset, redislua, redislease, redisshards, redisslots, redisreserve, redisrate, throttled, rediswindow are left out",
		"apt-get install valkey-server",
		"share 2000 mutexmap 2 ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
}
