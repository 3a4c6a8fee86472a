package cli

import (
	"slices"
	"strings"
	"testing"
)

// A run records its command, and not the password of a server.
func TestCommandsAreRecordedWithoutPasswords(t *testing.T) {
	const secret = "se%3Asame"
	for address, shown := range map[string]string{
		"redis://u:" + secret + "@h:1/0": "redis://u:xxxxx@h:1/0", "rediss://:" + secret + "@h": "rediss://:xxxxx@h",
		"redis://h:1": "redis://h:1", "unix:///p": "unix:///p", "redis://u:" + secret + "\x00@h": "REDACTED",
	} {
		for before, args := range map[string][]string{
			"":         {"run", "-redis", address, "x.toml"},
			"-redis=":  {"run", "-redis=" + address},
			"--redis=": {"run", "--redis=" + address},
		} {
			given := slices.Clone(args)
			got := withoutPassword(args, address)
			if !slices.Contains(got, before+shown) || len(got) != len(args) ||
				strings.Contains(strings.Join(got, " "), secret) {
				t.Errorf("%q is recorded as %q, want %q", args, got, before+shown)
			}
			if !slices.Equal(args, given) {
				t.Errorf("the command itself became %q", args)
			}
		}
	}
	if args := []string{"run", "x.toml"}; !slices.Equal(withoutPassword(args, ""), args) {
		t.Error("a command without a server has changed")
	}
}
