package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// position is a place in a file, lines and columns counted from 1.
type position struct{ line, col int }

// value is a value with its position. Its kind is that of TOML.
type value struct {
	position
	kind  unstable.Kind
	text  string  // of a scalar
	array []value // of an array
	table *table  // of a table
}

// table is a table of keys in the order of the file.
type table struct {
	position
	entries []entry
	index   map[string]int // of entries, by key
}

type entry struct {
	position
	key   string
	value value
	taken bool
}

// mostKeys bounds the keys and tables of a file: the library compares each key with all before it.
const mostKeys = 10_000

// read parses TOML into its tables. It is the one place that knows the parser, whose tree is not covered by the promise
// of its module's version.
func read(file string, text []byte) (*table, *Error) {
	if wrong := unreadable(file, text); wrong != nil {
		return nil, wrong
	}
	root, keys, last := build(text)
	if keys > mostKeys {
		return nil, &Error{File: file, Line: last.line, Col: last.col, Msg: fmt.Sprintf("the file has more than %d keys and tables: a scenario needs some twenty, and four for each graph", mostKeys)}
	}
	// The decoder knows more of what is allowed than the parser does: keys given twice, tables defined again.
	var all map[string]any
	var wrong *toml.DecodeError
	if err := toml.Unmarshal(text, &all); errors.As(err, &wrong) {
		line, col := wrong.Position()
		return nil, &Error{File: file, Line: line, Col: col, Msg: strings.TrimPrefix(wrong.Error(), "toml: ") + remedy(wrong)}
	} else if err != nil {
		return nil, &Error{File: file, Line: 1, Col: 1, Msg: strings.TrimPrefix(err.Error(), "toml: ")}
	}
	return root, nil
}

// build parses as far as text is TOML, and up to so many keys. It returns their number, and where the last stands.
func build(text []byte) (root *table, keys int, last position) {
	root = &table{position: position{1, 1}}
	here := root
	var p unstable.Parser
	p.Reset(text)
	starts := []int{0} // of the lines
	for i, c := range text {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	at := func(n *unstable.Node) position {
		offset := int(n.Raw.Offset)
		line, begins := slices.BinarySearch(starts, offset)
		if !begins {
			line--
		}
		return position{line + 1, offset - starts[line] + 1}
	}
	key := func(n *unstable.Node) position {
		keys++
		last = at(n)
		return last
	}
	for keys <= mostKeys && p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.KeyValue:
			here.put(e, key, at)
		case unstable.Table, unstable.ArrayTable:
			here = root.open(e, key)
		}
	}
	return root, keys, last
}

// remedy returns what to do about an error of the decoder, "" if that is plain.
func remedy(err error) string {
	if strings.Contains(err.Error(), "too large to fit in a 64-bit") {
		return ": want at most 9223372036854775807, or quotes around the number of a start page"
	}
	return ""
}

// put adds a key and its value. key gives the places of keys, at those of values.
func (t *table) put(e *unstable.Node, key, at func(*unstable.Node) position) {
	var keys []*unstable.Node
	for it := e.Key(); it.Next(); {
		keys = append(keys, it.Node())
	}
	last := keys[len(keys)-1]
	for _, k := range keys[:len(keys)-1] {
		t = t.sub(string(k.Data), key(k))
	}
	pos := key(last)
	t.add(pos, string(last.Data), convert(e.Value(), pos, key, at))
}

// open returns the table that a header begins; of an array of tables, a new element of it.
func (t *table) open(e *unstable.Node, key func(*unstable.Node) position) *table {
	for it := e.Key(); it.Next(); {
		k := it.Node()
		pos := key(k)
		if e.Kind != unstable.ArrayTable || !it.IsLast() {
			t = t.sub(string(k.Data), pos)
			continue
		}
		fresh := &table{position: pos}
		element := value{position: pos, kind: unstable.Table, table: fresh}
		if v := t.find(string(k.Data)); v != nil {
			v.array = append(v.array, element)
		} else {
			t.add(pos, string(k.Data), value{position: pos, kind: unstable.Array, array: []value{element}})
		}
		t = fresh
	}
	return t
}

// sub returns the table below a key, made if it is not there; of an array of tables, its last element.
func (t *table) sub(key string, pos position) *table {
	if v := t.find(key); v != nil {
		if v.kind == unstable.Array && len(v.array) > 0 {
			v = &v.array[len(v.array)-1]
		}
		if v.table != nil {
			return v.table
		}
	}
	fresh := &table{position: pos}
	t.add(pos, key, value{position: pos, kind: unstable.Table, table: fresh})
	return fresh
}

func (t *table) add(pos position, key string, v value) {
	if t.index == nil {
		t.index = map[string]int{}
	}
	if _, twice := t.index[key]; !twice { // which the decoder refuses
		t.index[key] = len(t.entries)
	}
	t.entries = append(t.entries, entry{position: pos, key: key, value: v})
}

func (t *table) find(key string) *value {
	if i, ok := t.index[key]; ok {
		return &t.entries[i].value
	}
	return nil
}

// convert copies a value out of the parser, which reuses its nodes. Arrays have no position of their own; theirs is that
// of their key.
func convert(n *unstable.Node, pos position, key, at func(*unstable.Node) position) value {
	v := value{position: pos, kind: n.Kind, text: string(n.Data)}
	switch n.Kind {
	case unstable.Array:
		for it := n.Children(); it.Next(); {
			if it.Node().Kind != unstable.Comment {
				v.array = append(v.array, convert(it.Node(), pos, key, at))
			}
		}
	case unstable.InlineTable:
		v.kind, v.table = unstable.Table, &table{position: pos}
		for it := n.Children(); it.Next(); {
			if it.Node().Kind == unstable.KeyValue {
				v.table.put(it.Node(), key, at)
			}
		}
	default:
		v.position = at(n)
	}
	return v
}

// kindName is what a person calls the kind of v.
func (v value) kindName() string {
	switch v.kind {
	case unstable.String:
		return "text"
	case unstable.Integer:
		return "a whole number"
	case unstable.Float:
		return "a number with a point or an exponent"
	case unstable.Bool:
		return "true or false"
	case unstable.Array:
		return "a list"
	case unstable.Table:
		return "a table"
	}
	return "a date or time"
}

// integer returns v as a whole number.
func (v value) integer() (int64, bool) {
	if v.kind != unstable.Integer {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(v.text, "_", ""), 0, 64)
	return n, err == nil
}

// number returns v as a number, whole or not.
func (v value) number() (float64, bool) {
	if n, ok := v.integer(); ok {
		return float64(n), true
	}
	if v.kind != unstable.Float {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(v.text, "_", ""), 64)
	return f, err == nil
}

// boolean returns v as true or false.
func (v value) boolean() (is, ok bool) { return v.text == "true", v.kind == unstable.Bool }

// str returns v as text.
func (v value) str() (string, bool) { return v.text, v.kind == unstable.String }
