package child

import (
	"os"
	"slices"
	"syscall"
	"time"
)

// descendants returns the living processes below pid, without those that known has and what is
// below them.
func descendants(all []process, pid int, known []int) []process {
	var list []process
	for _, p := range all {
		if p.parent == pid && !slices.Contains(known, p.pid) {
			list = append(append(list, p), descendants(all, p.pid, known)...)
		}
	}
	return list
}

// strays kills what this process has started since the line was opened, and returns its command
// lines. What is on its way out is given time for that.
func (l *Line) strays() []string {
	for wait := time.Millisecond; !childless(); wait *= 2 {
		list := descendants(processes(), os.Getpid(), l.known)
		if len(list) == 0 {
			break
		}
		if wait > 256*time.Millisecond {
			return end(list)
		}
		time.Sleep(wait)
	}
	return nil
}

// end kills the processes and returns their command lines.
func end(list []process) []string {
	var names []string
	for _, p := range list {
		names = append(names, p.String())
		syscall.Kill(p.pid, syscall.SIGKILL)
	}
	return names
}

// sweep kills what is left of a child that has ended. If the child did not say itself what it left,
// it is looked for, by its group, by what was below it before it was ended, and by the nonce.
func (w *watch) sweep(said *words) {
	defer syscall.Kill(-w.pid, syscall.SIGKILL)
	if said.last != nil {
		w.left = said.left
		return
	}
	told := map[int]bool{}
	for range 10 { // what is killed may have started more meanwhile
		mine := slices.DeleteFunc(processes(), func(p process) bool {
			return p.group != w.pid && !slices.Contains(w.below, p.pid) && !p.marked(w.nonce)
		})
		if len(mine) == 0 {
			return
		}
		for _, p := range mine {
			if !told[p.pid] && !slices.Contains(said.known, p.pid) && !slices.Contains(said.known, p.parent) {
				w.left = append(w.left, p.String())
			}
			told[p.pid] = true
			syscall.Kill(p.pid, syscall.SIGKILL)
		}
		time.Sleep(time.Millisecond)
	}
}
