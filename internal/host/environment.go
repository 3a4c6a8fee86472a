package host

import (
	"cmp"
	"os"
)

// Environment returns the environment variables that affect the Go runtime of a child process, by
// name; "" means that one is not set.
func Environment() map[string]string {
	env := map[string]string{}
	for _, name := range Variables() {
		env[name] = os.Getenv(name)
	}
	return env
}

// Variables returns the names of the variables of Environment.
func Variables() []string { return []string{"GOGC", "GOMEMLIMIT", "GODEBUG", "GOMAXPROCS"} }

// Effective returns the value that the runtime uses: value, or the variable's default if value is
// "".
func Effective(name, value string) string {
	defaults := map[string]string{"GOGC": "100", "GOMEMLIMIT": "off"}
	return cmp.Or(value, defaults[name])
}
