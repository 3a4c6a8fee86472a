package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// position is a position in a file; lines and columns count from 1.
type position struct{ line, col int }

// place has the positions of a key and its value, and the places below. A list or table has the position of its key.
type place struct {
	key, value position
	below      map[string]*place // of a table
	elements   []*place          // of a list
}

// mostKeys limits the keys and tables of a file, because the decoder compares each key with all previous ones.
const mostKeys = 10_000

// read returns the values of a TOML file and their places. The decoder does not report the
// positions of valid values, so a second pass over the tokens finds them.
func read(file string, text []byte) (map[string]any, *place, *Error) {
	if wrong := unreadable(file, text); wrong != nil {
		return nil, nil, wrong
	}
	w := walk(text)
	if w.keys > mostKeys {
		return nil, nil, &Error{File: file, Line: w.last.line, Col: w.last.col, Msg: fmt.Sprintf(
			"the file has more than %d keys and tables: a scenario needs about twenty, and four for each graph",
			mostKeys)}
	}
	var values map[string]any
	err := toml.Unmarshal(text, &values)
	if err == nil {
		return values, w.root, nil
	}
	bad := &Error{File: file, Line: 1, Col: 1, Msg: strings.TrimPrefix(err.Error(), "toml: ")}
	if wrong := (*toml.DecodeError)(nil); errors.As(err, &wrong) {
		bad.Line, bad.Col = wrong.Position()
	}
	if strings.Contains(bad.Msg, "too large to fit in a 64-bit") {
		bad.Msg += ": want at most 9223372036854775807, or quotes around the number of a start page"
	}
	return nil, nil, bad
}

// walker finds the places of keys and values. Only it depends on the parser's tokens, whose API is unstable.
type walker struct {
	root  *place
	lines []int // offsets of line starts
	keys  int
	last  position // of the last key
}

// walk finds the places of the first mostKeys keys, up to the first syntax error.
func walk(text []byte) *walker {
	w := &walker{root: &place{key: position{1, 1}, value: position{1, 1}}, lines: []int{0}}
	for i, c := range text {
		if c == '\n' {
			w.lines = append(w.lines, i+1)
		}
	}
	var p unstable.Parser
	p.Reset(text)
	here := w.root
	for w.keys <= mostKeys && p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.KeyValue:
			w.value(w.down(here, e), e.Value())
		case unstable.Table, unstable.ArrayTable:
			here = w.down(w.root, e)
		}
	}
	return w
}

// at returns the position of n.
func (w *walker) at(n *unstable.Node) position {
	offset := int(n.Raw.Offset)
	line, begins := slices.BinarySearch(w.lines, offset)
	if !begins {
		line--
	}
	return position{line + 1, offset - w.lines[line] + 1}
}

// down returns the place below t of the key of e; for an array of tables, its last element.
func (w *walker) down(t *place, e *unstable.Node) *place {
	for it := e.Key(); it.Next(); {
		name, pos := string(it.Node().Data), w.at(it.Node())
		w.keys++
		w.last = pos
		if t.below[name] == nil {
			if t.below == nil {
				t.below = map[string]*place{}
			}
			t.below[name] = &place{key: pos, value: pos}
		}
		t = t.below[name]
		if e.Kind == unstable.ArrayTable && it.IsLast() {
			t.elements = append(t.elements, &place{key: pos, value: pos})
		}
		if n := len(t.elements); n > 0 {
			t = t.elements[n-1]
		}
	}
	return t
}

// value records the positions of n and of its contents.
func (w *walker) value(p *place, n *unstable.Node) {
	switch n.Kind {
	case unstable.Array:
		for it := n.Children(); it.Next(); {
			if it.Node().Kind != unstable.Comment {
				element := &place{key: p.key, value: p.key}
				p.elements = append(p.elements, element)
				w.value(element, it.Node())
			}
		}
	case unstable.InlineTable:
		for it := n.Children(); it.Next(); {
			if it.Node().Kind == unstable.KeyValue {
				w.value(w.down(p, it.Node()), it.Node().Value())
			}
		}
	default:
		p.value = w.at(n)
	}
}
