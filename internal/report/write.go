package report

import (
	"bytes"
	"errors"
	"fmt"

	"crawlbench/internal/diagnose"
)

// Write writes report.html, report.md and its pictures into the directory of the run. A file that
// cannot be written gives an error of package io/fs.
func Write(a *diagnose.Analysis) error {
	var page, text bytes.Buffer
	p := fullPage(a)
	pictures, err := p.markdown(&text)
	if err := errors.Join(p.html(&page), err); err != nil {
		return err
	}
	files := map[string][]byte{"report.html": page.Bytes(), "report.md": text.Bytes()}
	for name, picture := range pictures {
		files[name] = []byte(picture)
	}
	for name, text := range files {
		if err := a.Run.WriteFile(name, text); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	return nil
}
