package conform

import (
	"strconv"
	"strings"
)

// naming is the keys of the pages of a site. The zero value derives them from the pages' numbers.
// Different pages have different keys.
type naming struct {
	ids  []uint32 // by page; the others are derived from the number
	urls []string // likewise
}

// id returns the id of p.
func (n naming) id(p page) uint32 {
	if int(p) < len(n.ids) {
		return n.ids[p]
	}
	return p
}

// url returns the URL of p.
func (n naming) url(p page) string {
	if int(p) < len(n.urls) {
		return n.urls[p]
	}
	return "https://h" + strconv.Itoa(int(p%7)) + ".example/page-" + strconv.Itoa(int(p))
}

// similarIDs returns ids that faulty sets confuse: with the same low 16 or 24 bits, with one bit of
// difference, with the same float32, and those that are zero, negative or all ones in 32 bits.
func similarIDs() []uint32 {
	list := []uint32{0, 1, 1<<31 - 1, 1 << 31, 1<<31 + 1, 1<<32 - 1, 1<<32 - 2}
	for bit := range 32 {
		list = append(list, 1<<bit, 1<<bit+1, 1<<bit-1, ^(uint32(1) << bit), 0x5a5a5a5a^1<<bit)
	}
	for _, c := range idCollisions {
		list = append(list, c.a, c.b)
	}
	for p := range uint32(2000) {
		list = append(list, p%251<<24|p/251<<16, p<<12|p, p<<16|p>>4)
	}
	return distinct(list)
}

// similarURLs returns URLs that faulty sets confuse. The contract compares keys by ==: a normalised URL is
// another page than the one that was linked.
func similarURLs() []string {
	long := "https://h.example/" + strings.Repeat("a/", 40)
	list := []string{"", " ", "/", "x", "X", "\x00", "\xff", "\xfe", "\ufffd", "\ufeffx", "https://h.example",
		"http://h.example/", "http://h.example:80/",
		"mailto:a@h.example", "javascript:void(0)", "ftp://h.example/", "http://10.0.0.1/", "http://localhost/",
		"http://[::1]/", "a,b", "a", "b", "a|b", "a\\b"}
	for _, c := range collisions {
		list = append(list, c.a, c.b)
	}
	for _, base := range []string{
		"https://h.example/dir/page", "https://h.example/dir/page?b=2&a=1", "https://h.example/dir/page/",
		"https://h.example/",
		"https://h.example/dir/%7Euser/a b", "https://h.example/dir/index.html#top",
	} {
		list = append(list, base, base+"/", base+" ", " "+base, base+"#", base+"#a", base+"#b", base+"?", base+
			"?a=1&b=2", base+"?b=2&a=1",
			base+"?a=1", base+"&utm_source=x", base+"&fbclid=7", base+"&", base+";jsessionid=7", base+".pdf", base+
				".jpg", base+",b", base+"Az", base+"BY", base+"/.", base+"//", base+"/../page", base+"/index.html",
			base+";v=1", base+"\n", base+"\t", base+"\x00",
			base+"%20", base+"+", base+"%2f", base+"%2F", base+"é", base+"e\u0301", base+".", base+"-", base+"0", base+
				"00", base+"1",
			strings.ToUpper(base), strings.ToLower(base), strings.Replace(base, "page", "Page", 1),
			strings.Replace(base, "dir", "DIR", 1),
			strings.Replace(base, "https", "http", 1), strings.Replace(base, "https", "HTTPS", 1),
			strings.TrimPrefix(base, "https:"),
			strings.Replace(base, "h.", "g.", 1), strings.Replace(base, "h.", "www.h.", 1),
			strings.Replace(base, "h.", "H.", 1),
			strings.Replace(base, ".example", ".example.", 1), strings.Replace(base, ".example", ".example:443", 1),
			strings.Replace(base, ".example", ".example:8080", 1), strings.Replace(base, "//", "//user@", 1),
			strings.Replace(base, "%7E", "~", 1),
			strings.Replace(base, "%7E", "%7e", 1), strings.Replace(base, "/dir", "/./dir", 1),
			strings.Replace(base, "/dir", "//dir", 1))
	}
	// Long URLs that differ in one byte: the 60th, those around 64, 128, 256 and 2,048, and the last.
	for _, n := range []int{60, 63, 64, 65, 127, 128, 129, 255, 256, 257, 2047, 2048, 2049, 8191, 8192, 8193, 70_000} {
		base := long + strings.Repeat("b", n+20)
		list = append(list, base[:n], base[:n-1]+"c", base[:n-1]+"c"+base[n:], base)
	}
	for n := range 1500 { // short URLs with many bytes in common
		list = append(list, "https://h.example/"+strings.Repeat("/", n/10)+strconv.Itoa(n%10), strconv.Itoa(n),
			"https://h.example/"+strconv.Itoa(n), strconv.Itoa(n)+"https://h.example/")
	}
	return distinct(list)
}

// distinct returns list without duplicates.
func distinct[K comparable](list []K) []K {
	seen := map[K]bool{}
	var once []K
	for _, k := range list {
		if !seen[k] {
			seen[k] = true
			once = append(once, k)
		}
	}
	return once
}
