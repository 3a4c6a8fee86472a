package profile

import (
	"errors"
	"fmt"

	"github.com/google/pprof/profile"

	"crawlbench/internal/rundir"
)

// Annotate labels p: title replaces its file name, which heads pprof's pages, and comments appear
// in their details.
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

// Write writes p to a file atomically: the file appears under its name only when it is complete.
func Write(path string, p *Profile) error {
	if err := rundir.Replace(path, 0o644, true, p.Write); err != nil {
		return fmt.Errorf("write profile %s: %w", path, err)
	}
	return nil
}

// Scaled returns base scaled from basePages to pages, so that subtracting it from a profile of that
// many pages compares the costs per page. It fails if the two profiles do not measure the same
// thing.
func Scaled(base *Profile, basePages int, to *Profile, pages int) (*Profile, error) {
	if basePages <= 0 || pages <= 0 {
		return nil, fmt.Errorf("scale a profile of %d pages to %d: invalid number of pages: want at least 1 for both",
			basePages, pages)
	}
	if err := checkTypes(base, to); err != nil {
		return nil, err
	}
	scaled := base.Copy()
	scaled.Scale(float64(pages) / float64(basePages))
	return scaled, nil
}

// SameTotal returns base scaled to the total of to, so that subtracting it compares the
// compositions of the two. It fails if the two profiles do not measure the same thing, or one of
// them is empty.
func SameTotal(base, to *Profile) (*Profile, error) {
	if err := checkTypes(base, to); err != nil {
		return nil, err
	}
	ratios := make([]float64, len(base.SampleType))
	for i := range ratios {
		x, y := totalValue(base, i), totalValue(to, i)
		if x == 0 || y == 0 {
			return nil, errors.New("compare the compositions of two profiles: one of them is empty")
		}
		ratios[i] = float64(y) / float64(x)
	}
	scaled := base.Copy()
	if err := scaled.ScaleN(ratios); err != nil {
		return nil, fmt.Errorf("scale a profile: %w", err)
	}
	return scaled, nil
}

// totalValue adds up the i-th value of all samples.
func totalValue(p *Profile, i int) (sum int64) {
	for _, s := range p.Sample {
		sum += s.Value[i]
	}
	return sum
}

// checkTypes returns an error if the samples of base and to do not measure the same thing.
func checkTypes(base, to *Profile) error {
	if a, b := sampleTypes(base), sampleTypes(to); a != b {
		return fmt.Errorf("subtract a profile of %s from one of %s: they measure different things: "+
			"choose two of the same kind", a, b)
	}
	return nil
}

// sampleTypes describes what the samples of p measure.
func sampleTypes(p *Profile) string {
	text := ""
	for i, t := range p.SampleType {
		if i > 0 {
			text += " and "
		}
		text += t.Type + " in " + t.Unit
	}
	return text
}

// Merge adds up profiles of the same kind.
func Merge(list []*Profile) (*Profile, error) {
	p, err := profile.Merge(list)
	if err != nil {
		return nil, fmt.Errorf("merge profiles: %w", err)
	}
	return p, nil
}
