package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"crawlbench/internal/host"
	"crawlbench/internal/rundir"
)

// The lock of a run is a file that its writer holds by flock: the kernel takes the lock back when the process ends, however
// it does. In the file stands which process that is.

const maxLock = 4 << 10

// take locks the directory against other writers.
func take(d *rundir.Dir) (*os.File, error) {
	f, err := d.Edit(lockFile, true)
	if err != nil {
		return nil, err
	}
	// Whoever lists the runs holds it for an instant, see held.
	for range 10 {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		text, _ := d.Read(lockFile, maxLock)
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("another crawlbench%s is writing to it: wait for its end", owner(text))
		}
		return nil, err
	}
	text, err := json.Marshal(host.ThisProcess())
	if err == nil { // only to be named, and where there are no locks
		f.Truncate(0)
		f.WriteAt(append(text, '\n'), 0)
	}
	return f, nil
}

// owner names the process in the text of a lock.
func owner(text []byte) string {
	var p host.Process
	if json.Unmarshal(text, &p) != nil && json.Unmarshal(text, &p.PID) != nil { // older programs wrote the number alone
		return ""
	}
	return fmt.Sprintf(" (pid %d)", p.PID)
}

// held reports whether a process is writing to the directory. The number of a process says little, as it may be that of
// another by now, of a container or of the machine that the directory was copied from; the kernel knows who holds the lock.
func held(d *rundir.Dir) bool {
	f, err := d.Open(lockFile)
	if err != nil {
		return false
	}
	defer f.Close()
	err = unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if err == nil || errors.Is(err, unix.EWOULDBLOCK) {
		return err != nil
	}
	// The file system has no such locks.
	text, err := d.Read(lockFile, maxLock)
	var p host.Process
	return err == nil && json.Unmarshal(text, &p) == nil && p.Alive()
}
