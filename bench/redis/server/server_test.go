package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"crawlbench/bench/redis/server"
	"crawlbench/bench/redis/server/servertest"
)

// helper in the environment makes this test program start a server, say where, and wait to be killed.
const helper = "CRAWLBENCH_TEST_STARTS_A_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(helper) == "" {
		os.Exit(m.Run())
	}
	s, err := server.Start(context.Background(), server.Options{AOF: server.Always})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.PID(), s.URL())
	select {}
}

// exists reports whether the process pid lives.
func exists(pid int) bool {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	dead := strings.Contains(string(stat), ") Z ") // but nobody has waited for it yet
	return syscall.Kill(pid, 0) == nil && !dead
}

// left returns what is left of a server that has ended, once it stays the same.
func left(pid int, dir string) (what []string) {
	for range 500 { // what happens after the death of a process takes the system a while
		what = nil
		if exists(pid) {
			what = append(what, fmt.Sprintf("process %d", pid))
		}
		if _, err := os.Stat(dir); err == nil {
			what = append(what, dir)
		}
		if what == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return what
}

func TestStartAndClose(t *testing.T) {
	for _, o := range []server.Options{{}, {TCP: true}, {AOF: server.EverySec}, {TCP: true, AOF: server.Always}} {
		s := servertest.Start(t, o)
		scheme := "unix:///"
		if o.TCP {
			scheme = "redis://127.0.0.1:"
		}
		if !strings.HasPrefix(s.URL(), scheme) {
			t.Errorf("%+v: it listens at %s", o, s.URL())
		}
		if !regexp.MustCompile(`^(redis|valkey)-server \d+\.\d+\.\d+$`).MatchString(s.Version()) {
			t.Errorf("%+v: its version is %q", o, s.Version())
		}
		client, err := server.Client(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		config := client.ConfigGet(t.Context(), "*").Val()
		client.Close()
		dir := config["dir"]
		want := map[string]string{"save": "", "appendonly": "no"}
		if o.AOF != server.NoAOF {
			want["appendonly"], want["appendfsync"] = "yes", string(o.AOF)
		}
		for key, value := range want {
			if config[key] != value {
				t.Errorf("%+v: %s is %q, want %q", o, key, config[key], value)
			}
		}
		if cpu, err := s.CPU(); err != nil || cpu <= 0 {
			t.Errorf("%+v: it has used %v of processor time, %v", o, cpu, err)
		}
		if !exists(s.PID()) || !filepath.IsAbs(dir) {
			t.Errorf("%+v: process %d, directory %s", o, s.PID(), dir)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if what := left(s.PID(), dir); what != nil {
			t.Errorf("%+v: after Close there is still %v", o, what)
		}
	}
}

func TestKilledParentLeavesNothing(t *testing.T) {
	servertest.Start(t, server.Options{}) // skips the test if none is installed
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helper+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	var pid int
	var url string
	if _, err := fmt.Sscan(line, &pid, &url); err != nil || !exists(pid) {
		t.Fatalf("it says %q: %v", line, err)
	}
	dir := filepath.Dir(strings.TrimPrefix(url, "unix://"))
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if what := left(pid, dir); what != nil {
		t.Errorf("after its parent was killed there is still %v", what)
	}
}

func TestRestartKeepsWhatTheFileHolds(t *testing.T) {
	for aof, kept := range map[server.AOF]bool{server.NoAOF: false, server.Always: true} {
		s := servertest.Start(t, server.Options{AOF: aof})
		client, err := server.Client(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if err := client.Set(t.Context(), "key", "value", 0).Err(); err != nil {
			t.Fatal(err)
		}
		url, pid := s.URL(), s.PID()
		if err := s.Kill(); err != nil || exists(pid) {
			t.Errorf("the process lives after Kill: %v", err)
		}
		if err := s.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.URL() != url || s.PID() == pid {
			t.Errorf("process %d at %s was restarted as %d at %s", pid, url, s.PID(), s.URL())
		}
		if got := client.Get(t.Context(), "key").Val(); (got == "value") != kept {
			t.Errorf("with AOF %q the value is %q after a restart", aof, got)
		}
	}
}

func TestForget(t *testing.T) {
	s := servertest.Start(t, server.Options{})
	client, err := server.Client(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	set := func(keys ...string) {
		for _, k := range keys {
			client.Set(t.Context(), k, 1, 0)
		}
	}
	kept := []string{"a", "a0b", "ab*", "b:1"}
	set(kept...)
	set("a?b", "a?b:1")
	for i := range 3000 {
		set(fmt.Sprintf("a?b:many:%d", i))
	}
	if err := s.Forget("a?b"); err != nil {
		t.Error(err)
	}
	keys := client.Keys(t.Context(), "*").Val()
	slices.Sort(keys)
	if !slices.Equal(keys, kept) {
		t.Errorf("after Forget there are %d keys, want %q", len(keys), kept)
	}
}

func TestConnect(t *testing.T) {
	own := servertest.Start(t, server.Options{TCP: true})
	s, err := server.Connect(t.Context(), own.URL())
	if err != nil {
		t.Fatal(err)
	}
	if s.URL() != own.URL() || s.Version() != own.Version() || s.PID() != own.PID() {
		t.Errorf("%s is %s, process %d", s.URL(), s.Version(), s.PID())
	}
	if s.Kill() == nil || s.Restart(t.Context()) == nil {
		t.Error("a server that was started elsewhere can be killed")
	}
	if err := s.Close(); err != nil || !exists(own.PID()) {
		t.Errorf("Close ended a server that was started elsewhere: %v", err)
	}
}

// contains returns an error if err does not say all of words.
func contains(err error, words ...string) error {
	if err == nil {
		return errors.New("no error")
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			return fmt.Errorf("%q does not say %q", err, w)
		}
	}
	return nil
}

func TestNobodyThere(t *testing.T) {
	temporary(t) // the name of a socket must be short
	url := "unix://" + filepath.Join(os.TempDir(), "none")
	_, err := server.Connect(t.Context(), url)
	err = contains(err, "server: no answer from "+url, "no such file", "start it, or omit -redis")
	if err != nil {
		t.Error(err)
	}
	for _, url := range []string{"", "127.0.0.1:6379", "http://127.0.0.1", "redis://127.0.0.1/one"} {
		if _, err := server.Connect(t.Context(), url); contains(err, "invalid URL", "want redis://HOST:PORT") != nil {
			t.Errorf("%q: %v", url, err)
		}
	}
	const secret = "sesame"
	_, err = server.Connect(t.Context(), "redis://user:"+secret+"@127.0.0.1:1/x")
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("the password is in %q", err)
	}
}

// install makes PATH a directory with one program, a shell script, or none.
func install(t *testing.T, name, script string) {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(sh, filepath.Join(dir, "sh")); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"rm", "sleep"} {
		if path, err := exec.LookPath(tool); err == nil {
			os.Symlink(path, filepath.Join(dir, tool))
		}
	}
	if name != "" {
		text := "#!" + sh + "\n" + script + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

func TestNotInstalled(t *testing.T) {
	install(t, "", "")
	_, err := server.Start(t.Context(), server.Options{})
	if !errors.Is(err, server.ErrNotInstalled) {
		t.Error(err)
	}
	if err := contains(err, "apt-get install valkey-server", "redis-server", "-redis URL"); err != nil {
		t.Error(err)
	}
}

// temporary makes a new directory that of temporary files, and returns how many directories of servers are in it.
func temporary(t *testing.T) func() int {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "t")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("TMPDIR", dir)
	return func() int {
		list, err := filepath.Glob(filepath.Join(dir, "crawlbench-server-*"))
		if err != nil {
			t.Error(err)
		}
		return len(list)
	}
}

// A server that ends at its start is quoted, and leaves nothing. Valkey is preferred to Redis.
func TestOwnWordsOfOneThatDiesAtItsStart(t *testing.T) {
	files := temporary(t)
	install(t, "valkey-server", `echo "77:C 26 Nov 2026 10:00:00.123 # Fatal error, can't open config file" >&2; exit 1`)
	_, err := server.Start(t.Context(), server.Options{})
	if err := contains(err, "valkey-server ended at its start: Fatal error, can't open config file"); err != nil {
		t.Error(err)
	}
	install(t, "redis-server", "exit 3")
	_, err = server.Start(t.Context(), server.Options{})
	if err := contains(err, "redis-server ended at its start: no output, exit status 3"); err != nil {
		t.Error(err)
	}
	if n := files(); n != 0 {
		t.Errorf("%d directories are left", n)
	}
}

// One that never answers is ended when the context does.
func TestOneThatNeverAnswers(t *testing.T) {
	files := temporary(t)
	install(t, "redis-server", "exec sleep 1000")
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	_, err := server.Start(ctx, server.Options{})
	if err := contains(err, "redis-server does not answer at unix://"); err != nil {
		t.Error(err)
	}
	if n := files(); n != 0 {
		t.Errorf("%d directories are left", n)
	}
}

// What a program starts that stands in for the server is killed with it.
func TestOneThatStartsAnother(t *testing.T) {
	files, file := temporary(t), filepath.Join(t.TempDir(), "pid")
	install(t, "redis-server", fmt.Sprintf("sleep 1000 & echo $! >'%s'; wait", file))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var pid int
	go func() {
		defer stop()
		for range 500 {
			if text, _ := os.ReadFile(file); strings.HasSuffix(string(text), "\n") {
				fmt.Sscan(string(text), &pid)
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	_, err := server.Start(ctx, server.Options{})
	<-ctx.Done()
	if err := contains(err, "redis-server does not answer at unix://"); err != nil || pid == 0 {
		t.Fatalf("process %d: %v", pid, err)
	}
	if what := left(pid, file+".none"); what != nil {
		t.Errorf("there is still %v", what)
		syscall.Kill(pid, syscall.SIGKILL)
	}
	if n := files(); n != 0 {
		t.Errorf("%d directories are left", n)
	}
}
