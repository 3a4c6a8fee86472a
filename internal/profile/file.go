package profile

import (
	"errors"
	"fmt"

	"github.com/google/pprof/profile"

	"crawlbench/internal/rundir"
)

// Annotate makes p say what it is of: title becomes the file that pprof's pages are headed with, comments stand in their
// details.
func Annotate(p *Profile, title string, comments []string) {
	if len(p.Mapping) == 0 {
		p.Mapping = []*profile.Mapping{{ID: 1}}
		for _, loc := range p.Location {
			loc.Mapping = p.Mapping[0]
		}
	}
	p.Mapping[0].File = title
	p.Comments = append(p.Comments, comments...)
}

// Write writes p into a file that appears under its name only when it is whole.
func Write(path string, p *Profile) error {
	if err := rundir.Replace(path, 0o644, true, p.Write); err != nil {
		return fmt.Errorf("write profile %s: %w", path, err)
	}
	return nil
}

// Scaled returns base as it would be had it crawled pages pages and not basePages, so that subtracting it from a profile
// of so many pages compares what a page costs. It fails where the two profiles do not measure the same.
func Scaled(base *Profile, basePages int, to *Profile, pages int) (*Profile, error) {
	if basePages <= 0 || pages <= 0 {
		return nil, fmt.Errorf("scale a profile of %d pages to one of %d: a profile without pages has no cost a page", basePages, pages)
	}
	if a, b := types(base), types(to); a != b {
		return nil, fmt.Errorf("subtract a profile of %s from one of %s: they measure different things: choose two of the same kind", a, b)
	}
	scaled := base.Copy()
	scaled.Scale(float64(pages) / float64(basePages))
	return scaled, nil
}

// SameTotal returns base scaled so that what it measures adds up to what that of to does, so that subtracting it compares
// what the two are made of. It fails where the two profiles do not measure the same, or one of them is empty.
func SameTotal(base, to *Profile) (*Profile, error) {
	if a, b := types(base), types(to); a != b {
		return nil, fmt.Errorf("subtract a profile of %s from one of %s: they measure different things: choose two of the same kind", a, b)
	}
	ratios := make([]float64, len(base.SampleType))
	for i := range ratios {
		x, y := total(base, i), total(to, i)
		if x == 0 || y == 0 {
			return nil, errors.New("compare what two profiles are made of: one of them is empty")
		}
		ratios[i] = float64(y) / float64(x)
	}
	scaled := base.Copy()
	if err := scaled.ScaleN(ratios); err != nil {
		return nil, fmt.Errorf("scale a profile: %w", err)
	}
	return scaled, nil
}

// total adds up the values of a type of samples.
func total(p *Profile, i int) (sum int64) {
	for _, s := range p.Sample {
		sum += s.Value[i]
	}
	return sum
}

// types returns what the samples of p measure.
func types(p *Profile) string {
	text := ""
	for i, t := range p.SampleType {
		if i > 0 {
			text += " and "
		}
		text += t.Type + " in " + t.Unit
	}
	return text
}

// Merge adds profiles of the same kind up.
func Merge(list []*Profile) (*Profile, error) {
	p, err := profile.Merge(list)
	if err != nil {
		return nil, fmt.Errorf("merge profiles: %w", err)
	}
	return p, nil
}
