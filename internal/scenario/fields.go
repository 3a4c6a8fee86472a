package scenario

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// fields reads the keys of one table into variables, and notes what is wrong with them. A key that is not there leaves
// its variable alone.
type fields struct {
	file  string
	path  string // of the table, with a dot behind it
	table *table
	known []string
	errs  *Errors
}

func (f *fields) fail(pos position, key, format string, args ...any) {
	if key != "" {
		key = f.path + key
	}
	*f.errs = append(*f.errs, &Error{File: f.file, Line: pos.line, Col: pos.col, Key: key, Msg: fmt.Sprintf(format, args...)})
}

// take returns the value of a key, nil if it is not there.
func (f *fields) take(key string) *value {
	f.known = append(f.known, key)
	i, ok := f.table.index[key]
	if !ok {
		return nil
	}
	f.table.entries[i].taken = true
	return &f.table.entries[i].value
}

// done refuses the keys that nobody took.
func (f *fields) done() {
	for _, e := range f.table.entries {
		if !e.taken {
			f.fail(e.position, e.key, "no such key%s; allowed are %s", Nearest(e.key, f.known), strings.Join(f.known, ", "))
		}
	}
}

func (f *fields) text(key string, to *string) {
	if v := f.take(key); v != nil {
		s, ok := v.str()
		if !ok {
			f.fail(v.position, key, "want text in quotes, have %s", v.kindName())
		}
		*to = s
	}
}

func (f *fields) boolean(key string, to *bool) {
	if v := f.take(key); v != nil {
		b, ok := v.boolean()
		if !ok {
			f.fail(v.position, key, "want true or false, have %s", v.kindName())
		}
		*to = b
	}
}

// integer reads a whole number from least to most.
func (f *fields) integer(key string, least, most int64, to func(int64)) {
	v := f.take(key)
	if v == nil {
		return
	}
	n, ok := v.integer()
	switch {
	case !ok:
		f.fail(v.position, key, "want a whole number, have %s", v.kindName())
	case n < least || n > most:
		f.fail(v.position, key, "must lie between %d and %d", least, most)
	default:
		to(n)
	}
}

// page reads the number of a page, which may be too long for a number of TOML; what it may be is for others to check.
func (f *fields) page(key string, to *string) {
	v := f.take(key)
	if v == nil {
		return
	}
	n, whole := v.integer()
	s, text := v.str()
	switch {
	case whole:
		*to = strconv.FormatInt(n, 10)
	case text && s != "":
		*to = s
	default:
		f.fail(v.position, key, "want the number of a page, in quotes if it has more than 18 digits, have %s", v.described())
	}
}

// number reads a number; what it may be is for others to check.
func (f *fields) number(key string, to func(float64)) {
	if v := f.take(key); v != nil {
		x, ok := v.number()
		if !ok {
			f.fail(v.position, key, "want a number, have %s", v.kindName())
			return
		}
		to(x)
	}
}

// duration reads a time such as "150ms", from least to most.
func (f *fields) duration(key string, least, most time.Duration, to *time.Duration) {
	v := f.take(key)
	if v == nil {
		return
	}
	s, ok := v.str()
	d, err := time.ParseDuration(s)
	switch {
	case !ok:
		f.fail(v.position, key, "want a time in quotes, such as \"150ms\", have %s", v.kindName())
	case err != nil:
		f.fail(v.position, key, "%s is no time: want a number with a unit, such as \"150ms\", \"2s\" or \"1m30s\"", quoted(s))
	case d < least || d > most:
		f.fail(v.position, key, "must lie between %v and %v", least, most)
	default:
		*to = d
	}
}

// bytes reads a size such as "2GiB".
func (f *fields) bytes(key string, to *int64) {
	v := f.take(key)
	if v == nil {
		return
	}
	s, ok := v.str()
	n, err := parseBytes(s)
	switch {
	case !ok:
		f.fail(v.position, key, "want a size in quotes, such as \"2GiB\", have %s", v.kindName())
	case err != nil:
		f.fail(v.position, key, "%v", err)
	default:
		*to = n
	}
}

// list reads a list of values, none of them twice; a single value stands for a list of it. parse says what is wrong with
// one. It returns nil where the key is not there, or nothing of it is right.
func list[T comparable](f *fields, key string, empty bool, parse func(value) (T, error)) []T {
	v := f.take(key)
	if v == nil {
		return nil
	}
	values := v.array
	if v.array == nil && v.kindName() != "a list" {
		values = []value{*v}
	}
	if len(values) == 0 && !empty {
		f.fail(v.position, key, "the list is empty: give at least one value, or leave the key out")
	}
	var out []T
	seen := map[T]bool{}
	for i, element := range values {
		name := key
		if v.array != nil {
			name = fmt.Sprintf("%s[%d]", key, i)
		}
		x, err := parse(element)
		switch {
		case err != nil:
			f.fail(element.position, name, "%v", err)
		case seen[x]:
			f.fail(element.position, name, "%v stands in the list twice", x)
		default:
			seen[x] = true
			out = append(out, x)
		}
	}
	return out
}
