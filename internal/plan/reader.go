package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crawlbench/internal/graph"
)

// reader reads the values of a file into a Scenario, and collects errors.
type reader struct {
	file string
	errs Errors
	// visit, if not nil, is called for each table with the prefix and the keys.
	visit func(prefix string, keys []key)
}

// key is a key of a table and the setter of its value. An invalid value leaves the variable unchanged.
type key struct {
	name string
	set  setter
}

// setter stores the value v at p; name is for messages.
type setter func(r *reader, p *place, name string, v any)

func (r *reader) fail(pos position, name, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	r.errs = append(r.errs, &Error{File: r.file, Line: pos.line, Col: pos.col, Key: name, Msg: msg})
}

// earlierNames are the names of keys in earlier versions.
var earlierNames = map[string]string{"crawlers": "contenders"}

// otherNames are the words that other tools use for a key.
var otherNames = map[string]string{
	"type": "kind", "types": "kinds", "profiles": "kinds", "implementations": "crawlers", "impl": "crawlers",
	"crawler": "crawlers", "threads": "workers", "goroutines": "workers", "concurrency": "workers",
	"procs": "gomaxprocs",
	"rps":   "rate", "qps": "rate", "rates": "rate", "limiters": "limiter", "count": "rounds", "repeat": "rounds",
	"iterations": "rounds", "samples": "rounds", "timeout": "deadline", "nodes": "pages", "vertices": "pages",
	"size": "pages",
	"path": "file", "duration": "length", "delay": "latency", "description": "doc", "key": "keys", "graphs": "graph",
}

// table stores the values of a table. In messages, its keys begin with prefix. A key that is not
// among keys is an error.
func (r *reader) table(p *place, prefix string, values map[string]any, keys []key) {
	if r.visit != nil {
		r.visit(prefix, keys)
	}
	var known, given []string
	for _, k := range keys {
		name := k.name
		if _, ok := values[name]; !ok && earlierNames[name] != "" {
			name = earlierNames[name]
		}
		known, given = append(known, k.name), append(given, name)
		if v, ok := values[name]; ok {
			k.set(r, p.below[name], prefix+name, v)
		}
	}
	for name := range values {
		if !slices.Contains(given, name) {
			hint := Nearest(name, known)
			if meant := otherNames[name]; slices.Contains(known, meant) {
				hint = fmt.Sprintf(" (did you mean %s?)", meant)
			}
			r.fail(p.below[name].key, prefix+name, "no such key%s: want one of %s", hint, strings.Join(known, ", "))
		}
	}
}

// below returns a setter of a table.
func below(set func(r *reader, p *place, prefix string, values map[string]any)) setter {
	return func(r *reader, p *place, name string, v any) {
		if values, ok := v.(map[string]any); ok {
			set(r, p, name+".", values)
		} else {
			r.fail(p.value, name, "want a table [%s], have %s", name, kindOf(v))
		}
	}
}

// one returns a setter of a single value.
func one[T any](to *T, parse func(any) (T, error)) setter {
	return func(r *reader, p *place, name string, v any) {
		if x, err := parse(v); err != nil {
			r.fail(p.value, name, "%v", err)
		} else {
			*to = x
		}
	}
}

// list returns a setter of a list without duplicates; a single value counts as a list of one.
func list[T comparable](to *[]T, parse func(any) (T, error)) setter {
	return func(r *reader, p *place, name string, v any) {
		values, isList := v.([]any)
		if !isList {
			one(to, func(v any) ([]T, error) { x, err := parse(v); return []T{x}, listHint(v, err) })(r, p, name, v)
			return
		}
		if len(values) == 0 {
			r.fail(p.value, name, "the list is empty: give at least one value, or leave the key out")
		}
		var out []T
		seen := map[T]bool{}
		for i, v := range values {
			x, err := parse(v)
			if err == nil && seen[x] {
				err = fmt.Errorf("%v occurs twice in the list: remove it here", x)
			}
			if err != nil {
				r.fail(p.elements[i].value, fmt.Sprintf("%s[%d]", name, i), "%v", err)
				continue
			}
			seen[x] = true
			out = append(out, x)
		}
		if len(out) > 0 {
			*to = out
		}
	}
}

// listHint adds to the error of a value with commas how a list is written.
func listHint(v any, err error) error {
	s, ok := v.(string)
	if err == nil || !ok || !strings.Contains(s, ",") {
		return err
	}
	var words []string
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		if _, wrong := strconv.Atoi(word); wrong != nil {
			word = strconv.Quote(word)
		}
		words = append(words, word)
	}
	return fmt.Errorf("%w: a list is written [%s]", err, strings.Join(words, ", "))
}

// problems reports the problems ps that another package found in the table at p. It omits those
// that may be consequences of errors since before: errors at the same value, or any in the table if
// the key is missing.
func (r *reader) problems(p *place, prefix string, ps []graph.Problem, before int) {
	earlier := r.errs[before:]
	for _, problem := range ps {
		pos, name := p.key, ""
		if problem.Field != "" {
			name = prefix + problem.Field
		}
		if at := p.below[problem.Field]; at != nil {
			pos = at.value
		} else if len(earlier) > 0 {
			continue
		}
		if !slices.ContainsFunc(earlier, func(e *Error) bool { return e.Line == pos.line && e.Col == pos.col }) {
			r.fail(pos, name, "%s", problem.Msg)
		}
	}
}
