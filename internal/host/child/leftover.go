package child

import (
	"os"
	"slices"
	"time"
)

// descendants returns the living descendants of pid, except those in known and their descendants.
func descendants(all []process, pid int, known []int) []process {
	var list []process
	for _, p := range all {
		if p.parent == pid && !slices.Contains(known, p.pid) {
			list = append(append(list, p), descendants(all, p.pid, known)...)
		}
	}
	return list
}

// killLeftovers kills the processes that this process has started since the connection was opened and
// returns their command lines. Processes that are exiting get time to finish.
func (c *Conn) killLeftovers() []string {
	for wait := time.Millisecond; !noChildren(); wait *= 2 {
		list := descendants(processes(), os.Getpid(), c.known)
		if len(list) == 0 {
			break
		}
		if wait > 256*time.Millisecond {
			return killAll(list)
		}
		time.Sleep(wait)
	}
	return nil
}

// killAll kills the processes and returns their command lines.
func killAll(list []process) []string {
	var names []string
	for _, p := range list {
		names = append(names, p.String())
		killProcess(p.pid)
	}
	return names
}

// killRemaining kills what remains of a child that has ended. If the child did not report its
// leftover processes, they are found by their group, by the list of its descendants, and by the
// nonce.
func (w *watcher) killRemaining(received *messages) {
	defer killGroup(w.pid)
	if received.last != nil {
		w.leftover = received.leftover
		return
	}
	reported := map[int]bool{}
	for range 10 { // a killed process may have started others in the meantime
		mine := slices.DeleteFunc(processes(), func(p process) bool {
			return p.group != w.pid && !slices.Contains(w.descendants, p.pid) && !p.hasNonce(w.nonce)
		})
		if len(mine) == 0 {
			return
		}
		for _, p := range mine {
			if !reported[p.pid] && !slices.Contains(received.known, p.pid) &&
				!slices.Contains(received.known, p.parent) {
				w.leftover = append(w.leftover, p.String())
			}
			reported[p.pid] = true
			killProcess(p.pid)
		}
		time.Sleep(time.Millisecond)
	}
}
