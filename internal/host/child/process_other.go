//go:build !linux

package child

// process is a living process. Except on Linux, processes are not listed: only a child's process
// group is killed.
type process struct {
	pid, parent, group int
	state              byte
}

func processes() []process                 { return nil }
func readProcess(int) (process, bool)      { return process{}, false }
func (process) hasNonce(nonce string) bool { return false }
func (process) String() string             { return "" }

// becomeSubreaper does nothing: it needs Linux. Elsewhere only the process group of a child is found.
func becomeSubreaper() {}

// CanPause says whether a child can be stopped while it waits: here a stopped child could outlive this process.
const CanPause = false

func hasStopped(pid int) bool         { return true }
func readNow(fd int, part []byte) int { return 0 }

// noChildren reports true: children are only detected on Linux.
func noChildren() bool { return true }

// OOMKills returns 0: the kernel tells only on Linux.
func OOMKills() int { return 0 }
