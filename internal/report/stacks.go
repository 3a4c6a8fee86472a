package report

import (
	"fmt"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/profile"
)

// The sentence and the title of the picture of a page's cost.
const (
	costTitle = "Where the time of a page goes"
	costAbout = "Time per page on the processors that the workers can use, by what they do, from CPU profiles: one bar for each number of workers. A bar as high as that of one worker means that each processor brings as much as the first. Each part links to its flame graph."
)

// idle is the part of a page's cost in which a processor has nothing to do.
const idle = "idle processors"

// bands are the parts of a bar, from the bottom, with their colours.
var bands = []Kind{
	{"k-running", string(profile.OwnCode)}, {"k-ratelimit", string(profile.Maps)}, {"k-syscall",
		string(profile.Atomics)},
	{"k-blockedlock", string(profile.LockPath)}, {"k-blockedchannel", string(profile.Channels)},
	{"k-runnable", string(profile.Scheduler)}, {"k-network", string(profile.Syscalls)},
	{"s1", string(profile.Allocate)}, {"k-gc", string(profile.Collect)}, {"s4", string(profile.Copying)},
	{"s2", string(profile.Parsing)}, {"s3", string(profile.Fetching)},
	{"k-other", string(profile.Harness)}, {"k-idle", idle},
}

// stack is a bar of the picture.
type stack struct {
	cell  *diagnose.Cell
	parts map[string]float64 // seconds per page by band
	sum   float64
}

// costOfPage draws what a page costs with each number of workers, one crawler beside the other; nil without CPU
// profiles at several numbers of workers.
func costOfPage(t *diagnose.Table, href Href) *Figure {
	var groups [][]stack
	several := false
	for _, r := range t.Rows {
		var list []stack
		for _, c := range r.Cells {
			classes, rest, known := c.Costs()
			if !known {
				continue
			}
			s := stack{cell: c, parts: map[string]float64{idle: rest}, sum: rest}
			for class, sec := range classes {
				s.parts[string(class)] = sec
				s.sum += sec
			}
			list = append(list, s)
		}
		if len(list) > 0 {
			groups = append(groups, list)
		}
		several = several || len(list) > 1
	}
	if !several {
		return nil
	}
	f := &Figure{Title: costTitle, Sentence: costAbout, Numbers: Table{Head: []string{"crawler", "workers"}}}
	for _, b := range bands {
		f.Numbers.Head = append(f.Numbers.Head, b.Name)
	}
	for _, list := range groups {
		for _, s := range list {
			row := []string{s.cell.Impl, fmt.Sprint(s.cell.Workers)}
			for _, b := range bands {
				row = append(row, plain.Seconds(s.parts[b.Name]))
			}
			f.Numbers.add(row...)
		}
	}
	f.SVG = stacks(groups, href)
	return f
}

// stacks draws the bars, with a legend.
func stacks(groups [][]stack, href Href) string {
	const top, tall, left = 8.0, 190.0, 50.0
	n, most := len(groups)-1, 0.0 // a gap between groups
	for _, list := range groups {
		n += len(list)
		for _, s := range list {
			most = max(most, s.sum)
		}
	}
	legend := float64((len(bands) + 3) / 4)
	s := begin(plotWidth, top+tall+40+18*legend, costTitle, costAbout)
	s.printf(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" class="rule"/>`, left, float64(plotWidth), top, top)
	s.text(left-4, top+6, "dim", "end", plain.Seconds(most))
	s.text(left-4, top+tall, "dim", "end", "0")
	step := (plotWidth - left) / float64(n)
	x := left
	for _, list := range groups {
		begin := x
		for _, bar := range list {
			y := top + tall
			for _, b := range bands {
				sec := bar.parts[b.Name]
				if h := tall * sec / most; h >= 0.2 {
					y -= h
					note := fmt.Sprintf("%s, %s: %s, %s per page", bar.cell.Impl,
						plain.Count(bar.cell.Workers, "worker"), b.Name,
						plain.Seconds(sec))
					s.linked(flameOf(bar.cell, href),
						fmt.Sprintf(`<g class="%s"><rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" class="fill"><title>%s</title></rect></g>`,
							b.ID, x+1, y, max(1, step-2), h, escape(note)))
				}
			}
			s.text(x+step/2, top+tall+13, "dim", "middle", fmt.Sprint(bar.cell.Workers))
			x += step
		}
		s.text((begin+x)/2, top+tall+29, "", "middle", list[0].cell.Impl)
		x += step
	}
	for i, b := range bands {
		x, y := 8+float64(i%4)*128, top+tall+40+18*float64(i/4)
		s.printf(`<g class="%s"><rect x="%.1f" y="%.1f" width="12" height="12" class="fill"/></g>`, b.ID, x, y)
		s.text(x+17, y+11, "", "start", b.Name)
	}
	return s.end()
}

// flameOf returns the URL of the flame graph of processor time where cells have pages of their own, else that of the
// cell, which shows one.
func flameOf(c *diagnose.Cell, href Href) string {
	url := href(c.ID())
	if strings.HasSuffix(url, "/") && strings.HasSuffix(c.Files["cpu"], ".pb.gz") {
		return url + "cpu/ui/flamegraph"
	}
	return url
}
