package graph

import (
	"context"
	"fmt"
)

// reading is a graph that was read from a file, before its start page is known.
type reading struct {
	*Graph
	numbering
	notes []string // as Graph.Notes
}

// read reads the file of s. limit bounds the memory in bytes; 0 is no limit.
func (s Spec) read(ctx context.Context, limit int64) (*Graph, error) {
	if s.Kind == "bvgraph" {
		g, err := readBV(ctx, s.File)
		if err != nil {
			return nil, err
		}
		r := reading{Graph: g, numbering: dense{0, g.Pages()}}
		return r.start(s)
	}
	in, err := openText(ctx, s)
	if err != nil {
		return nil, err
	}
	defer in.close()
	readers := map[string]func(*textFile, Spec, int64) (*reading, error){
		"edges": readEdges, "metis": readMETIS, "mtx": readMarket, "dimacs": readDIMACS, "konect": readKONECT,
	}
	r, err := readers[s.Kind](in, s, limit)
	if err != nil {
		return nil, err
	}
	if in.open {
		r.notes = append(r.notes, fmt.Sprintf("line %d does not end with a newline: the file may be truncated", in.n))
	}
	return r.start(s)
}

// start sets the start page: the one whose number in the file is that of s, or the hub.
func (r *reading) start(s Spec) (*Graph, error) {
	if s.Start == "" {
		r.Start = hub(r.Graph)
	} else {
		n, err := parseNumber([]byte(s.Start))
		if err != nil {
			return nil, err
		}
		page, ok := r.page(n)
		if !ok {
			return nil, fmt.Errorf("%s: no page %s in the file: want a start page that occurs in it, such as %s", s.File, s.Start, r.number(hub(r.Graph)))
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
