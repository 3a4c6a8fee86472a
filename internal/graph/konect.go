package graph

import (
	"bytes"
	"strconv"
)

// readKONECT reads a network of KONECT (http://konect.cc): a line "% sym|asym WEIGHTS", perhaps a
// line "% LINKS PAGES PAGES", and a line for each link. Weights and times are ignored. Pages are
// numbered from 1.
func readKONECT(in *textFile, s Spec, limit int64) (*reading, error) {
	l := newList(in, s, limit)
	var header fileHeader
	if err := konectHeader(in, &header); err != nil {
		return nil, err
	}
	weights := 0
	for in.next() {
		line := bytes.TrimSpace(in.line)
		if len(line) == 0 {
			continue
		}
		if line[0] == '%' {
			if in.n == 2 {
				konectCounts(line, &header)
			}
			continue
		}
		from, to, rest, err := l.two(line, maxPages)
		switch {
		case err != nil:
			return nil, err
		case len(bytes.Fields(rest)) > 2:
			return nil, in.wrong("want FROM, TO and at most a weight and a time, have %.40q", line)
		}
		if err := l.add(from, to); err != nil {
			return nil, err
		}
		weight, _, _ := decimal(rest)
		weights += int(weight)
	}
	if in.err != nil {
		return nil, in.err
	}
	if header.links.n == weights { // the weight of a line may be its number of repeated links
		header.links.n = l.links()
	}
	return l.finish(s, header, 1)
}

// konectHeader reads the first line.
func konectHeader(in *textFile, header *fileHeader) error {
	const want = "want the header of a KONECT network, \"% sym WEIGHTS\" or \"% asym WEIGHTS\""
	if !in.next() {
		return in.wrong("%s", want)
	}
	fields := bytes.Fields(in.line)
	if len(fields) < 2 || string(fields[0]) != "%" {
		return in.wrong("%s, have %.40q", want, in.line)
	}
	switch string(fields[1]) {
	case "sym":
		header.undirected = 1
	case "asym":
	case "bip":
		return in.wrong("bipartite networks cannot be read, as both sides are numbered from 1: renumber one side, " +
			"and write an edge list")
	default:
		return in.wrong("%s, have %.40q", want, in.line)
	}
	if len(fields) > 2 && string(fields[2]) == "dynamic" {
		return in.wrong("dynamic networks cannot be read, as some lines remove links: write the links that are " +
			"left as an edge list")
	}
	return nil
}

// konectCounts parses the second line, which may also be a comment.
func konectCounts(line []byte, header *fileHeader) {
	var n []int
	for _, field := range bytes.Fields(line[1:]) {
		v, err := strconv.Atoi(string(field))
		if err != nil {
			return
		}
		n = append(n, v)
	}
	if len(n) == 2 || len(n) == 3 && n[1] == n[2] {
		header.links, header.pages = statedCount{n[0], 2}, statedCount{n[1], 2}
	}
}
