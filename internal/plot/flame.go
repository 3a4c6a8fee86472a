package plot

import (
	"cmp"
	"fmt"
	"html"
	"slices"
)

// Frame is a function in a flame graph, with what was called from it.
type Frame struct {
	Name     string
	Value    float64 // its own and that of its children
	Children []*Frame
}

// Child returns the child of that name, made if it is not there.
func (f *Frame) Child(name string) *Frame {
	for _, c := range f.Children {
		if c.Name == name {
			return c
		}
	}
	c := &Frame{Name: name}
	f.Children = append(f.Children, c)
	return c
}

// Flame draws a flame graph that hangs from its root. What is narrower than a share of least is left out; unit writes
// values. kind gives the colour of a child of the root and all below it, "" for that of its name.
func Flame(title, about string, root *Frame, least float64, unit func(float64) string, kind func(name string) string) string {
	const w, row = 900.0, 17.0
	depth := root.depth(root.Value * least)
	s := begin(w, row*float64(depth)+2, title, about)
	var draw func(f *Frame, x float64, level int)
	draw = func(f *Frame, x float64, level int) {
		wide := w * f.Value / root.Value
		y := row * float64(level)
		s.printf(`<rect x="%.1f" y="%.0f" width="%.1f" height="%.0f"><title>%s</title></rect>`,
			x, y, wide, row, html.EscapeString(fmt.Sprintf("%s: %s, %.1f %%", f.Name, unit(f.Value), 100*f.Value/root.Value)))
		if room := int(wide / 6.2); room > 3 {
			s.text(x+3, y+12, "in", "start", short(f.Name, room))
		}
		slices.SortFunc(f.Children, func(a, b *Frame) int { return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.Name, b.Name)) })
		for _, c := range f.Children {
			if c.Value >= root.Value*least {
				if level == 0 {
					class := "s6"
					if k := kind(c.Name); k != "" {
						class = "k-" + k
					}
					s.printf(`</g><g class="frames %s">`, class)
				}
				draw(c, x, level+1)
			}
			x += w * c.Value / root.Value
		}
	}
	s.printf(`<g class="frames s6">`)
	draw(root, 0, 0)
	s.printf("</g>")
	return s.end()
}

func (f *Frame) depth(least float64) int {
	below := 0
	for _, c := range f.Children {
		if c.Value >= least {
			below = max(below, c.depth(least))
		}
	}
	return below + 1
}

// short cuts a name to so many letters, at its beginning first, since the end tells functions apart.
func short(name string, room int) string {
	r := []rune(name)
	if len(r) <= room {
		return name
	}
	return "…" + string(r[len(r)-room+1:])
}
