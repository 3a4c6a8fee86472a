//go:build !darwin && !freebsd

package host

import (
	"os"
	"runtime"
)

// hardware returns the processor of Windows; Linux has it in /proc.
func hardware() map[string]string {
	if runtime.GOOS != "windows" {
		return nil
	}
	return map[string]string{"cpu": os.Getenv("PROCESSOR_IDENTIFIER")}
}
