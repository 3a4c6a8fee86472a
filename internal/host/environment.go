package host

import (
	"cmp"
	"os"
)

// Environment returns the variables of the environment that change how the Go runtime of a child process works, by name; ""
// is one that is not set.
func Environment() map[string]string {
	env := map[string]string{}
	for _, name := range Variables() {
		env[name] = os.Getenv(name)
	}
	return env
}

// Variables returns the names of the variables of Environment.
func Variables() []string { return []string{"GOGC", "GOMEMLIMIT", "GODEBUG", "GOMAXPROCS"} }

// Effective returns the value of a variable as the runtime takes it: its default where it is not set.
func Effective(name, value string) string {
	defaults := map[string]string{"GOGC": "100", "GOMEMLIMIT": "off"}
	return cmp.Or(value, defaults[name])
}
