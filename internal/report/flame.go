package report

import (
	"cmp"
	"os"
	"slices"

	"crawlbench/internal/module"
	"crawlbench/internal/plain"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
)

// flameLeast is the share below which frames are omitted from a flame graph in a report.
const flameLeast = 0.02

// files opens a file by its name in a run.
type files func(name string) (*os.File, error)

// flame draws the wall profile in a file; it returns "" if the file cannot be read.
func flame(open files, file, name string) string {
	f, err := open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	p, err := profile.ReadFrom(f, file)
	if err != nil {
		return ""
	}
	return draw(p, name)
}

// draw draws a wall profile; it returns "" if the profile is empty.
func draw(p *profile.Profile, name string) string {
	root := &Frame{Name: "workers' time"}
	names, ids := map[string]string{}, map[string]string{} // of states
	for _, c := range breakdown.States() {
		name := "[" + string(c) + "]"
		names[c.Frame()], ids[name] = name, string(c)
	}
	for _, s := range p.Sample {
		value := float64(s.Value[0])
		if value <= 0 {
			continue
		}
		at := root
		at.Value += value
		for _, l := range slices.Backward(s.Location) {
			for _, line := range slices.Backward(l.Line) {
				at = at.Child(cmp.Or(names[line.Function.Name], module.Function(line.Function.Name)))
				at.Value += value
			}
		}
	}
	if root.Value == 0 {
		return ""
	}
	return Flame("where the workers' time went, "+name, "a flame graph whose first row are the states of workers", root,
		flameLeast,
		func(ns float64) string { return plain.Seconds(ns / 1e9) },
		func(name string) string { return ids[name] })
}
