package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"crawlbench/internal/host"
	"crawlbench/internal/rundir"
)

// The lock of a run is a file that its writer locks: the kernel releases the lock when the process ends, for
// whatever reason. The file names the process.

const maxLock = 4 << 10

// acquireLock locks the directory against other writers.
func acquireLock(d *rundir.Dir) (*os.File, error) {
	f, err := d.Edit(lockFile, true)
	if err != nil {
		return nil, err
	}
	// A process that lists the runs holds the lock for an instant, see isLocked.
	for range 10 {
		if err = lockFor(f, true); !errors.Is(err, errLocked) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		text, _ := d.Read(lockFile, maxLock)
		f.Close()
		if errors.Is(err, errLocked) {
			return nil, fmt.Errorf("another crawlbench%s is writing to it: wait until it ends", owner(text))
		}
		return nil, err
	}
	text, err := json.Marshal(host.ThisProcess())
	if err == nil { // for messages, and for file systems without locks
		f.Truncate(0)
		f.WriteAt(append(text, '\n'), 0)
	}
	return f, nil
}

// owner returns the PID in the text of a lock, in parentheses.
func owner(text []byte) string {
	var p host.Process
	if json.Unmarshal(text, &p) != nil && json.Unmarshal(text, &p.PID) != nil { // older programs wrote only the PID
		return ""
	}
	return fmt.Sprintf(" (pid %d)", p.PID)
}

// isLocked reports whether a process is writing to the directory. The PID in the file is not enough: it may have been
// reused, or belong to a container or to the machine that the directory was copied from. The kernel knows who holds the
// lock.
func isLocked(d *rundir.Dir) bool {
	f, err := d.Open(lockFile)
	if err != nil {
		return false
	}
	defer f.Close()
	err = lockFor(f, false)
	if err == nil || errors.Is(err, errLocked) {
		return err != nil
	}
	// The file system does not support locks.
	text, err := d.Read(lockFile, maxLock)
	var p host.Process
	return err == nil && json.Unmarshal(text, &p) == nil && p.Alive()
}
