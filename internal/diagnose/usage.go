package diagnose

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"crawlbench/internal/profile"
)

// attachUsage reads the processor time by class of a cell. A cell whose file was deleted counts as not profiled.
func (a *Analysis) attachUsage(c *Cell) error {
	file := c.Files["usage"]
	if file == "" || c.Failure != nil {
		return nil
	}
	text, err := a.Run.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		delete(c.Files, "usage")
		return nil
	}
	var u profile.Usage
	if err == nil {
		u, err = profile.ParseUsage(text)
	}
	if err != nil {
		return fmt.Errorf("read the processor time by class %s: %w: restore it from a backup, or delete it to read the run without it", filepath.Join(a.Run.Dir(), file), err)
	}
	c.Usage = &u
	return nil
}
