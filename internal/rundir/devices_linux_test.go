package rundir

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestDevicesAreNotOpened(t *testing.T) {
	d, _ := hostile(t)
	for name, mode := range map[string]uint32{"character": unix.S_IFCHR, "block": unix.S_IFBLK} {
		if err := unix.Mknod(d.Path(name), mode|0o666, int(unix.Mkdev(1, 5))); err != nil {
			t.Skipf("device files cannot be created here: %v", err)
		}
		if _, err := d.Read(name, 9); !errors.Is(err, ErrUnsafe) || !strings.Contains(err.Error(), "a device") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
