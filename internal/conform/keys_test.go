package conform

import (
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"
	"hash/crc64"
	"hash/fnv"
	"slices"
	"strconv"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/twmb/murmur3"
)

// hashes are the hash functions of the table of collisions.
var hashes = map[string]func([]byte) uint64{
	"fnv1a64":     func(b []byte) uint64 { h := fnv.New64a(); h.Write(b); return h.Sum64() },
	"fnv164":      func(b []byte) uint64 { h := fnv.New64(); h.Write(b); return h.Sum64() },
	"fnv1a32":     func(b []byte) uint64 { h := fnv.New32a(); h.Write(b); return uint64(h.Sum32()) },
	"fnv132":      func(b []byte) uint64 { h := fnv.New32(); h.Write(b); return uint64(h.Sum32()) },
	"crc32":       func(b []byte) uint64 { return uint64(crc32.ChecksumIEEE(b)) },
	"crc32c":      func(b []byte) uint64 { return uint64(crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))) },
	"crc64":       func(b []byte) uint64 { return crc64.Checksum(b, crc64.MakeTable(crc64.ISO)) },
	"crc64ecma":   func(b []byte) uint64 { return crc64.Checksum(b, crc64.MakeTable(crc64.ECMA)) },
	"adler32":     func(b []byte) uint64 { return uint64(adler32.Checksum(b)) },
	"xxhash64":    xxhash.Sum64,
	"murmur3-32":  func(b []byte) uint64 { return uint64(murmur3.Sum32(b)) },
	"murmur3-128": func(b []byte) uint64 { h, _ := murmur3.Sum128(b); return h },
	"djb2":        func(b []byte) uint64 { return fold(b, 5381, func(h uint64) uint64 { return h * 33 }) },
	"sdbm":        func(b []byte) uint64 { return fold(b, 0, func(h uint64) uint64 { return h<<6 + h<<16 - h }) },
	"java":        func(b []byte) uint64 { return fold(b, 0, func(h uint64) uint64 { return h * 31 }) & (1<<32 - 1) },
}

func fold(b []byte, h uint64, next func(uint64) uint64) uint64 {
	for _, c := range b {
		h = next(h) + uint64(c)
	}
	return h
}

// part returns the part of a hash that collides.
func part(name string, h uint64) uint64 {
	switch name {
	case "low32":
		return h & (1<<32 - 1)
	case "high32":
		return h >> 32
	case "low48":
		return h & (1<<48 - 1)
	case "high48":
		return h >> 16
	}
	return h // 32, or all of 64
}

func TestCollisionsCollide(t *testing.T) {
	for _, c := range collisions {
		h := hashes[c.hash]
		if a, b := part(c.part, h([]byte(c.a))), part(c.part, h([]byte(c.b))); a != b || c.a == c.b {
			t.Errorf("%s, %s: %x of %s and %x of %s", c.hash, c.part, a, c.a, b, c.b)
		}
	}
	of := map[string]func(uint32) []byte{
		"little":  func(x uint32) []byte { return binary.LittleEndian.AppendUint32(nil, x) },
		"big":     func(x uint32) []byte { return binary.BigEndian.AppendUint32(nil, x) },
		"decimal": func(x uint32) []byte { return strconv.AppendUint(nil, uint64(x), 10) },
	}
	for _, c := range idCollisions {
		h := hashes[c.hash]
		if a, b := part(c.part, h(of[c.of](c.a))), part(c.part, h(of[c.of](c.b))); a != b || c.a == c.b {
			t.Errorf("%s of %s, %s: %x of %d and %x of %d", c.hash, c.of, c.part, a, c.a, b, c.b)
		}
	}
}

// Some crawler has confused each of these pairs.
func TestSimilarKeysAreComplete(t *testing.T) {
	urls, ids := similarURLs(), similarIDs()
	for _, pair := range [][2]string{
		{"https://h.example/dir/page", "https://g.example/dir/page"},
		{"https://h.example/dir/page", "https://h.example:8080/dir/page"},
		{"https://h.example/dir/page", "http://h.example/dir/page"},
		{"https://h.example/dir/page", "https://h.example/dir/Page"},
		{"https://h.example/dir/page", "https://h.example/dir/page/"},
		{"https://h.example/dir/page", "https://h.example/dir/page "},
		{"https://h.example/dir/page%2f", "https://h.example/dir/page%2F"},
		{"https://h.example/dir/%7Euser/a b", "https://h.example/dir/~user/a b"},
		{"https://h.example/dir/page?b=2&a=1", "https://h.example/dir/page?a=1&b=2"},
		{"https://h.example/dir/page#a", "https://h.example/dir/page#b"},
		{"", "\x00"}, {"\xff", "\xfe"},
	} {
		if !slices.Contains(urls, pair[0]) || !slices.Contains(urls, pair[1]) {
			t.Errorf("%q or %q is missing", pair[0], pair[1])
		}
	}
	// For each of these lengths, two URLs differ only in the byte there.
	for _, n := range []int{60, 64, 128, 256, 2048} {
		byRest := map[string]int{}
		for _, u := range urls {
			if len(u) >= n {
				byRest[u[:n-1]+u[n:]]++
			}
		}
		if !slices.ContainsFunc(urls, func(u string) bool { return len(u) >= n && byRest[u[:n-1]+u[n:]] > 1 }) {
			t.Errorf("no two URLs differ only in byte %d", n)
		}
	}
	for _, id := range []uint32{0, 1 << 31, 1<<32 - 1, 1 << 24, 1<<24 + 1, 1, 1<<16 + 1} {
		if !slices.Contains(ids, id) {
			t.Errorf("id %d is missing", id)
		}
	}
}
