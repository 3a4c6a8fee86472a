package graph

import (
	"context"
	"fmt"
)

// reading is a graph that was read from a file, before its start page is known.
type reading struct {
	*Graph
	numbering
	notes  []string // as Graph.Notes
	begins bool     // the file says where crawls start
}

// text makes a reader of files from a reader of text; files may be compressed.
func text(read func(*textFile, Spec, int64) (*reading, error)) func(context.Context, Spec, int64) (*reading, error) {
	return func(ctx context.Context, s Spec, limit int64) (*reading, error) {
		in, err := openText(ctx, s)
		if err != nil {
			return nil, err
		}
		defer in.close()
		r, err := read(in, s, limit)
		if err == nil && in.open {
			r.notes = append(r.notes, fmt.Sprintf("line %d does not end with a newline: the file may be truncated",
				in.n))
		}
		return r, err
	}
}

// start sets the start page: the page that s gives by its number in the file, the start page of the file, or the hub.
func (r *reading) start(s Spec) (*Graph, error) {
	switch {
	case s.Start == "" && !r.begins:
		r.Start = hub(r.Graph)
	case s.Start != "":
		n, err := parseNumber([]byte(s.Start))
		if err != nil {
			return nil, err
		}
		page, ok := r.page(n)
		if !ok {
			return nil, fmt.Errorf("%s: no page %s in the file: want a start page that occurs in it, such as %s",
				s.File, s.Start, r.number(hub(r.Graph)))
		}
		r.Start = page
	}
	note := fmt.Sprintf("start page %d", r.Start)
	if n := r.number(r.Start); n != (pageNumber{0, uint64(r.Start)}) {
		note += fmt.Sprintf(" (%s in the file)", n)
	}
	r.Notes = append(r.notes, note)
	return r.Graph, nil
}
