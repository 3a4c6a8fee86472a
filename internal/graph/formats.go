package graph

import (
	"bytes"
	"fmt"
	"strings"
)

// magics are the first bytes of binary formats, with a remedy for each.
var magics = []struct{ magic, name, remedy string }{
	{"\x1f\x8b", "compressed with gzip twice", "decompress it once: gunzip FILE"},
	{"BZh", "compressed with bzip2", "decompress it: bunzip2 FILE"},
	{"\xfd7zXZ\x00", "compressed with xz", "decompress it: unxz FILE"},
	{"\x28\xb5\x2f\xfd", "compressed with Zstandard", "decompress it: unzstd FILE"},
	{"\x04\x22\x4d\x18", "compressed with LZ4", "decompress it: unlz4 FILE"},
	{"\x1f\x9d", "compressed with compress", "decompress it: gunzip FILE"},
	{"PK\x03\x04", "a ZIP archive", "extract it and give the file in it"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive", "extract it and give the file in it"},
	{"\xff\xfe\x00\x00", "text in UTF-32", "convert it: iconv -f UTF-32 -t UTF-8"},
	{"\x00\x00\xfe\xff", "text in UTF-32", "convert it: iconv -f UTF-32 -t UTF-8"},
	{"\xff\xfe", "text in UTF-16", "convert it: iconv -f UTF-16 -t UTF-8"},
	{"\xfe\xff", "text in UTF-16", "convert it: iconv -f UTF-16 -t UTF-8"},
	{"\x89HDF", "HDF5", toEdges},
	{recordedMagic, "a graph file of \"crawlbench import\"", "set kind = \"file\""},
	{"PAR1", "Parquet", toEdges},
	{"\x93NUMPY", "a NumPy array", toEdges},
}

const toEdges = "convert it to an edge list, with a line \"FROM TO\" for each link"

// openings are the beginnings of the first line of other text formats, in lower case, with the kind
// that reads them, if any.
var openings = []struct{ opening, name, kind string }{
	{"%%matrixmarket", "a Matrix Market file", "mtx"},
	{"% sym ", "a KONECT network", "konect"},
	{"% asym ", "a KONECT network", "konect"},
	{"% bip ", "a KONECT network", "konect"},
	{"c ", "a DIMACS file", "dimacs"},
	{"p ", "a DIMACS file", "dimacs"},
	{"#bvgraph", "the .properties file of a BVGraph", "bvgraph"},
	{"*", "a Pajek network", ""},
	{"graph", "GML, or the DOT of Graphviz", ""},
	{"digraph", "the DOT of Graphviz", ""},
	{"strict ", "the DOT of Graphviz", ""},
	{"creator ", "GML", ""},
	{"<!doctype html", "a web page", ""},
	{"<html", "a web page", ""},
	{"<", "XML, such as GraphML or GEXF", ""},
	{"dl ", "a UCINET network", ""},
	{"adjacencygraph", "a graph of PBBS or Ligra", ""},
	{"weightedadjacencygraph", "a graph of PBBS or Ligra", ""},
	{"edgearray", "a graph of PBBS or Ligra", ""},
	{"version https://git-lfs", "a Git LFS pointer (get the file with git lfs pull)", ""},
	{"warc/", "a WARC file (crawlbench import makes a graph of it)", ""},
	{"{", "JSON (crawlbench import makes a graph of a crawl in JSON lines)", ""},
	{"[", "JSON", ""},
}

// refuse returns an error if head, the beginning of the file, shows another format than that of s.
func refuse(head []byte, s Spec) error {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return fmt.Errorf("%s: is %s: %s", s.File, m.name, strings.ReplaceAll(m.remedy, "FILE", s.File))
		}
	}
	if len(head) > 262 && string(head[257:262]) == "ustar" {
		return fmt.Errorf("%s: is a tar archive: extract it and give the file in it: tar -xf %s", s.File, s.File)
	}
	line, _, ended := bytes.Cut(head, []byte{'\n'})
	if cr := bytes.IndexByte(line, '\r'); cr >= 0 && (cr < len(line)-1 || !ended) {
		return fmt.Errorf("%s:1: lines end with CR only, as on an old Mac: convert it: tr '\\r' '\\n'", s.File)
	}
	first, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte{'\n'})
	opening := strings.ToLower(strings.Join(strings.Fields(string(first[:min(len(first), 100)])), " ")) + " "
	for _, o := range openings {
		switch {
		case !strings.HasPrefix(opening, o.opening) || o.kind == s.Kind:
		case o.kind == "":
			return fmt.Errorf("%s:1: looks like %s: %s", s.File, o.name, toEdges)
		default:
			k, _ := kind(s.Kind)
			return fmt.Errorf("%s:1: looks like %s: want %s: set kind = %q", s.File, o.name, k.format, o.kind)
		}
	}
	return nil
}
