package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"crawlbench/internal/plain"
)

func unit(y float64) string { return fmt.Sprint(y) }

// pictures returns pictures of each kind, with hostile names and values that cannot be drawn.
func pictures() map[string]string {
	bad := "<b>&\"'\x1b\u202e\xff\n"
	return map[string]string{
		"lines": Lines(Axes{Title: bad, About: bad, X: bad, Y: bad, Ticks: []float64{1, 2}, Unit: unit,
			Marks: []Mark{{1, bad}}}, []Series{
			{Name: bad, X: []float64{1, 2}, Y: []float64{3, 4}, Low: []float64{2, math.Inf(-1)},
				High: []float64{4, math.Inf(1)}},
			{Name: "ideal", Color: -1, X: []float64{1, 2}, Y: []float64{3, 600}},
		}),
		"one point": Lines(Axes{Unit: unit}, []Series{{Name: "a", X: []float64{5}, Y: []float64{3}}}),
		"none":      Lines(Axes{Unit: unit}, nil),
		"log": Lines(Axes{Unit: unit, Log: true},
			[]Series{{Name: "a", X: []float64{1, 2}, Y: []float64{20, 3e6}, Href: []string{bad, ""}}}),
		"bars": Bars(bad, bad, []Kind{{"running", bad}, {bad, bad}},
			[]Bar{{bad, []BarPart{{"running", 0.4, bad}, {bad, 0.6, bad}}, bad}}),
		"forest": Forest(bad, bad, bad,
			[]Ratio{{bad, 2, 1.5, 3, bad, 9, 0.9, 1.1, bad}, {Label: "none", Value: math.NaN()},
				{Label: "open", Value: 1, Lo: 0, Hi: math.Inf(1)}}),
		"samples": Samples(bad, bad, 0, []Dot{{1, 1, ""}, {3, 3, bad}}, 2, 1, 3, unit),
		"flame": Flame(bad, bad, &Frame{Name: bad, Value: 10,
			Children: []*Frame{{Name: bad, Value: 4}, {Name: "x", Value: 6}}}, 0.01, unit,
			func(name string) string { return name }),
		"deep": Flame(bad, bad, deep(5000), 0.01, unit, func(name string) string { return name }),
	}
}

// deep returns a stack of n frames with hostile names of a million letters.
func deep(n int) *Frame {
	root := &Frame{Name: "all", Value: 1}
	for at := root; n > 0; n-- {
		at = at.Child(strings.Repeat("\" onload=\"alert(1)", 1+n/5000*50_000))
		at.Value = 1
	}
	return root
}

// Names never add attributes to elements.
func TestNamesAreNoMarkup(t *testing.T) {
	known := []string{"xmlns", "class", "viewBox", "role", "x", "y", "width", "height", "x1", "x2", "y1", "y2", "cx",
		"cy", "r", "d", "text-anchor", "href", "fill", "stroke-width", "stroke-dasharray"}
	for name, picture := range pictures() {
		if len(picture) > 1_000_000 {
			t.Errorf("%s: %d bytes", name, len(picture))
		}
		for d := xml.NewDecoder(strings.NewReader(picture)); ; {
			token, err := d.Token()
			if err != nil {
				break
			}
			if e, ok := token.(xml.StartElement); ok {
				for _, a := range e.Attr {
					if !slices.Contains(known, a.Name.Local) || a.Name.Local == "class" &&
						regexp.MustCompile(`[^a-z0-9 -]`).MatchString(a.Value) {
						t.Errorf("%s: %s has %s=%q", name, e.Name.Local, a.Name.Local, a.Value)
					}
				}
			}
			if text, ok := token.(xml.CharData); ok && plain.Text(string(text)) != string(text) {
				t.Errorf("%s: shows %q", name, text)
			}
		}
	}
}

func TestPicturesAreSoundXMLWithNothingOutside(t *testing.T) {
	for name, picture := range pictures() {
		for _, text := range []string{picture, Alone(picture)} {
			for d := xml.NewDecoder(strings.NewReader(text)); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%s: %v\n%s", name, err, text)
				}
			}
		}
		if regexp.MustCompile(`="[^"]*(NaN|Inf)`).MatchString(picture) {
			t.Errorf("%s: an invalid number: %s", name, picture)
		}
		if strings.Count(picture, "href") != strings.Count(picture, `<a href="&lt;b&gt;`) ||
			strings.Contains(Alone(picture), "href") {
			t.Errorf("%s: an unexpected reference", name)
		}
		if !strings.Contains(picture, "<title>") {
			t.Errorf("%s: no title", name)
		}
		// A picture with role=img has no links inside.
		if links := strings.Contains(picture, "<a "); links == strings.Contains(picture, `role="img"`) {
			t.Errorf("%s: links %v in %.200s", name, links, picture)
		}
	}
}

func TestTicksAreRoundAndReachTheTop(t *testing.T) {
	for most, want := range map[float64][]float64{10: {0, 2, 4, 6, 8, 10}, 12.3e6: {0, 2.5e6, 5e6, 7.5e6, 10e6, 12.5e6},
		1: {0, 0.2, 0.4, 0.6, 0.8, 1}} {
		ticks, end := scale(most)
		if end < most || len(ticks) != len(want) || math.Abs(end/want[len(want)-1]-1) > 1e-9 {
			t.Errorf("up to %v: %v, want %v", most, ticks, want)
		}
	}
}

func TestIdealLineEndsAtTheEdge(t *testing.T) {
	x, y := clipped([]float64{1, 2, 4}, []float64{10, 20, 40}, 30)
	if !slices.Equal(y, []float64{10, 20, 30}) || math.Abs(x[2]-2*math.Sqrt2) > 1e-12 {
		t.Errorf("%v %v", x, y)
	}
}

// Boxes are as wide as their values, and narrow ones are omitted.
func TestFlameWidths(t *testing.T) {
	root := &Frame{Name: "all", Value: 100}
	root.Child("a").Value = 60
	root.Child("b").Value = 39.5
	root.Child("c").Value = 0.5
	if root.Child("a").Value != 60 {
		t.Error("a child was added twice")
	}
	var widths []string
	for _, m := range regexp.MustCompile(`width="([0-9.]+)"`).FindAllStringSubmatch(Flame("", "", root, 0.01, unit,
		func(string) string { return "" }), -1) {
		w, _ := strconv.ParseFloat(m[1], 64)
		widths = append(widths, fmt.Sprint(w))
	}
	if got := strings.Join(widths, " "); got != "900 540 355.5" {
		t.Errorf("widths %s", got)
	}
}

func TestShortenKeepsTheEnd(t *testing.T) {
	for room, want := range map[int]string{3: "…éf", 5: "…cdéf", 6: "abcdéf", 9: "abcdéf"} {
		if got := shorten("abcdéf", room); got != want {
			t.Errorf("in %d: %s, want %s", room, got, want)
		}
	}
}
