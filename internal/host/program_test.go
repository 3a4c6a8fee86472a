package host

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestProgramIsIdentifiedByItsHash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	write("abc")
	p, err := ReadProgram(path)
	// FIPS 180-2, appendix B.1
	if err != nil || p.SHA256 != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" || p.Path != path {
		t.Errorf("%+v, %v", p, err)
	}
	if err := p.Unchanged(); err != nil {
		t.Error(err)
	}
	p.Close()
	for what, change := range map[string]func() error{
		"longer":      func() error { return os.WriteFile(path, []byte("abcd"), 0o777) },
		"same length": func() error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) },
	} {
		write("abc")
		p, err := ReadProgram(path)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if err := p.Unchanged(); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "none"), t.TempDir(), "/dev/zero"} {
		if _, err := ReadProgram(path); err == nil {
			t.Errorf("%s is accepted as a program", path)
		}
	}
}

func TestThisProgramIsTheRunningOne(t *testing.T) {
	p, err := ThisProgram()
	if err != nil {
		t.Fatal(err)
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%x", sha256.Sum256(text)); p.SHA256 != want {
		t.Errorf("%s, want %s", p.SHA256, want)
	}
	if again, err := os.ReadFile(p.Start()); err != nil || !bytes.Equal(again, text) {
		t.Errorf("%s is another program, %v", p.Start(), err)
	}
}

// A program starts as it was read, even if another file has replaced it, or it was deleted.
func TestProgramStartsAsItWasRead(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip(err)
	}
	for what, program := range map[string]string{"a script": "#!/bin/sh\necho one\n", "a binary": "/bin/echo"} {
		path := filepath.Join(t.TempDir(), "program")
		text := []byte(program)
		if program[0] == '/' {
			var err error
			if text, err = os.ReadFile(program); err != nil {
				t.Skip(err)
			}
		}
		if err := os.WriteFile(path, text, 0o777); err != nil {
			t.Fatal(err)
		}
		p, err := ReadProgram(path)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		other := filepath.Join(t.TempDir(), "other")
		for _, change := range []func() error{
			func() error { return os.WriteFile(other, []byte("#!/bin/sh\necho two\n"), 0o777) },
			func() error { return os.Rename(other, path) },
			func() error { return os.Remove(path) },
		} {
			if err := change(); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(p.Start(), "one").Output()
			if err != nil || string(out) != "one\n" || p.Unchanged() != nil {
				t.Errorf("%s: it prints %q, %v, %v", what, out, err, p.Unchanged())
			}
		}
	}
}

func TestEnvironmentHasTheRuntimesVariables(t *testing.T) {
	t.Setenv("GOGC", "50")
	t.Setenv("GOMEMLIMIT", "")
	env := Environment()
	if len(env) != 4 || env["GOGC"] != "50" || env["GOMEMLIMIT"] != "" {
		t.Errorf("%q", env)
	}
	for _, name := range Variables() {
		if _, ok := env[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
	for _, test := range [][3]string{{"GOGC", "", "100"}, {"GOGC", "off", "off"}, {"GOMEMLIMIT", "", "off"},
		{"GODEBUG", "", ""}} {
		if got := Effective(test[0], test[1]); got != test[2] {
			t.Errorf("%s=%q is %q, want %q", test[0], test[1], got, test[2])
		}
	}
}
