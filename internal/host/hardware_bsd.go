//go:build darwin || freebsd

package host

import (
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// hardware returns the processor and the memory, which on Linux are in /proc.
func hardware() map[string]string {
	model, memory := "machdep.cpu.brand_string", "hw.memsize"
	if runtime.GOOS == "freebsd" {
		model, memory = "hw.model", "hw.physmem"
	}
	properties := map[string]string{}
	properties["cpu"], _ = unix.Sysctl(model)
	if bytes, err := unix.SysctlUint64(memory); err == nil {
		properties["memory"] = strconv.FormatUint(bytes>>10, 10) + " kB"
	}
	return properties
}
