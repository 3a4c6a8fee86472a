package shell_test

import (
	"os/exec"
	"strings"
	"testing"

	"crawlbench/internal/plain/shell"
)

func TestWordsAreQuotedForAShell(t *testing.T) {
	for _, word := range []string{"", "a", "a b", "it's", `\`, `"`, "$x", "a\nb", "\x01\x7f", "\xff", "é", "\u202e",
		"~", "=x", "-x", "{a,b}", "[a]", "a!b", "a;b", "#", "\x1b'\\"} {
		got, err := exec.Command("bash", "-c", "printf '%s|' "+shell.Word(word)).Output()
		if err != nil || string(got) != word+"|" {
			t.Errorf("%q is quoted as %s, which is %q, %v", word, shell.Word(word), got, err)
		}
		if strings.ContainsAny(shell.Word(word), "\x1b\n\x01\x7f\u202e") {
			t.Errorf("%q is quoted as %q", word, shell.Word(word))
		}
	}
	if got := shell.Command("a", "b c", "impl=x,graph=g-2"); got != "a 'b c' impl=x,graph=g-2" {
		t.Error(got)
	}
}
