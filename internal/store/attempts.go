package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// LeftOut is an attempt that a merge leaves out, and why.
type LeftOut struct {
	Run *Run
	Why string
}

// String names the attempt, and says why it is left out.
func (l LeftOut) String() string {
	s := l.Run.manifest.Shard
	return fmt.Sprintf("%s (shard %v, attempt %d): %s", l.Run.dir, s, s.Attempt, l.Why)
}

// Attempts chooses one complete attempt of each shard of a run, and returns them in the order of the shards, with the
// attempts that it leaves out. Of several complete ones it takes the first: the one with the lowest number, of those
// the one that ended first, as attempts in different directories may have the same number. It returns an error if runs
// are not the shards of one run, or some are missing.
func Attempts(runs []*Run) (chosen []*Run, left []LeftOut, err error) {
	if err := sameRun(runs); err != nil {
		return nil, nil, err
	}
	why := map[*Run]string{}
	for _, r := range runs {
		why[r] = r.unfinished()
	}
	runs = slices.Clone(runs)
	slices.SortStableFunc(runs, func(a, b *Run) int {
		x, y := a.manifest, b.manifest
		return cmp.Or(cmp.Compare(x.Shard.Index, y.Shard.Index), cmp.Compare(min(1, len(why[a])), min(1, len(why[b]))),
			cmp.Compare(x.Shard.Attempt, y.Shard.Attempt), x.Ended.Compare(y.Ended), strings.Compare(a.dir, b.dir))
	})
	of := runs[0].manifest.Shard.Of
	chosen = make([]*Run, of)
	for _, r := range runs {
		i := r.manifest.Shard.Index - 1
		if why[r] == "" && chosen[i] != nil {
			first := chosen[i]
			why[r] = fmt.Sprintf("%s, attempt %d, is complete too", first.dir, first.manifest.Shard.Attempt)
		}
		if why[r] != "" {
			left = append(left, LeftOut{r, why[r]})
			continue
		}
		chosen[i] = r
	}
	return chosen, left, missing(chosen, left, runs[0].manifest.Shard)
}

// sameRun returns an error unless all are shards of one run, which is divided into as many.
func sameRun(runs []*Run) error {
	var dirs group
	for _, r := range runs {
		s := r.manifest.Shard
		if s == nil {
			return fmt.Errorf("%s is not a shard: want directories that \"run -shard\" wrote", r.dir)
		}
		dirs.add(fmt.Sprintf("run %s in %d shards", s.Run, s.Of), r.dir)
	}
	switch len(dirs.values) {
	case 0:
		return errors.New("no shards: want directories that \"run -shard\" wrote")
	case 1:
		return nil
	}
	return fmt.Errorf("they belong to different runs: %s: name the shards of one run", dirs.String())
}

// unfinished says why a run cannot stand for its shard; "" if it can.
func (r *Run) unfinished() string {
	slots, passes := r.Pending()
	switch {
	case r.changed != nil:
		return r.changed.Error()
	case r.manifest.State != Complete:
		return "it is " + string(r.manifest.State)
	case len(r.Warnings) > 0:
		return r.Warnings[0]
	case len(slots)+len(passes) > 0:
		return fmt.Sprintf("%d of its samples and %d of its profile passes are missing", len(slots), len(passes))
	}
	if err := r.checkFiles(); err != nil {
		return err.Error()
	}
	return ""
}

// missing returns an error that names the shards without a complete attempt.
func missing(chosen []*Run, left []LeftOut, of *Shard) error {
	var numbers, notes []string
	for i, r := range chosen {
		if r != nil {
			continue
		}
		numbers = append(numbers, fmt.Sprint(i+1))
		for _, l := range left {
			if l.Run.manifest.Shard.Index == i+1 {
				notes = append(notes, "\n  "+l.String())
			}
		}
	}
	if numbers == nil {
		return nil
	}
	return fmt.Errorf("run %s: no complete attempt of %s of %d%s\n"+
		"continue an attempt with \"run -resume\", or start one with -shard %s/%d -run %s", of.Run,
		names("shard", numbers), of.Of, strings.Join(notes, ""), numbers[0], of.Of, of.Run)
}

// names lists numbers of something.
func names(noun string, numbers []string) string {
	if n := len(numbers); n > 1 {
		return noun + "s " + strings.Join(numbers[:n-1], ", ") + " and " + numbers[n-1]
	}
	return noun + " " + numbers[0]
}

// group is the values that some runs have of a property, with their directories.
type group struct {
	values []string
	dirs   map[string][]string
}

func (g *group) add(value, dir string) {
	if g.dirs == nil {
		g.dirs = map[string][]string{}
	}
	if g.dirs[value] == nil {
		g.values = append(g.values, value)
	}
	g.dirs[value] = append(g.dirs[value], dir)
}

// String lists the values, with some of the directories of each.
func (g *group) String() string {
	const shown = 3
	var list []string
	for _, v := range g.values {
		dirs := g.dirs[v]
		text := v + " in " + strings.Join(dirs[:min(shown, len(dirs))], ", ")
		if n := len(dirs) - shown; n > 0 {
			text += fmt.Sprintf(" and %d more", n)
		}
		list = append(list, text)
	}
	return strings.Join(list, "; ")
}
