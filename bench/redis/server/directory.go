package server

import (
	"fmt"
	"io"
	"os"
	"os/exec"
)

// directory is a temporary directory that is removed even if this process is killed: a shell, its janitor, waits for
// the end of a pipe that only this process holds open, and then removes it.
type directory struct {
	path    string
	janitor *exec.Cmd
	pipe    io.Closer
}

// removal is the janitor's script. A server that is killed with this process may still write at first.
const removal = `read -r _
for try in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$1" && exit; sleep 0.1; done
exit 1`

func newDirectory() (*directory, error) {
	path, err := os.MkdirTemp(tempDir(), "crawlbench-server-")
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	d := &directory{path: path, janitor: exec.Command("sh", "-c", removal, "sh", path)}
	d.janitor.SysProcAttr = janitorAttributes()
	if d.pipe, err = d.janitor.StdinPipe(); err == nil {
		err = d.janitor.Start()
	}
	if err != nil {
		os.RemoveAll(path)
		return nil, fmt.Errorf("server: remove %s when this process ends: %w", path, err)
	}
	return d, nil
}

// remove removes the directory. The process that uses it must have ended.
func (d *directory) remove() error {
	d.pipe.Close()
	d.janitor.Wait()
	if err := os.RemoveAll(d.path); err != nil { // nothing is left for it to do if the janitor did its work
		return fmt.Errorf("server: %w", err)
	}
	return nil
}
