package report

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"crawlbench/internal/diagnose"
)

// Write writes report.html, report.md and the latter's pictures into the directory of the run.
func Write(dir string, a *diagnose.Analysis) error {
	var page, text bytes.Buffer
	done := make(chan error)
	go func() { done <- HTML(&page, a) }()
	pictures, err := Markdown(&text, a)
	if err := errors.Join(<-done, err); err != nil {
		return err
	}
	files := map[string][]byte{"report.html": page.Bytes(), "report.md": text.Bytes()}
	for name, picture := range pictures {
		files[name] = []byte(picture)
	}
	if err := os.MkdirAll(filepath.Join(dir, "plots"), 0o777); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	return nil
}
