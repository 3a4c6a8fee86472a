package server

import "math/rand/v2"

// charset is the encoding of a page, and where the page declares it.
type charset struct {
	parameter string // of the Content-Type
	element   string // at the beginning of the document
	sample    string // some text
	wide      bool   // UTF-16
}

// pageCharset draws the charset of a page. URLs are ASCII in all of them but UTF-16.
func pageCharset(draw *rand.Rand, shares *Shares) charset {
	u := draw.Float64()
	if u < shares.UTF16 {
		c := charset{wide: true}
		if draw.IntN(2) == 0 { // otherwise only the byte order mark declares it
			c.parameter = "; charset=utf-16"
		}
		return c
	}
	if u < shares.UTF16+(1-shares.UTF16)*shares.Charsets {
		list := [...]struct{ name, sample string }{
			{"windows-1252", "caf\xe9, na\xefve, \x80 5"},
			{"iso-8859-1", "caf\xe9, na\xefve"},
			{"windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2"},
			{"koi8-r", "\xf0\xd2\xc9\xd7\xc5\xd4"},
			{"shift_jis", "\x93\xfa\x96\x7b\x8c\xea \x95\x5c"}, // the last character ends in a backslash
			{"euc-kr", "\xc7\xd1\xb1\xb9"},
			{"gb18030", "\xd6\xd0\xce\xc4"},
		}
		of := list[draw.IntN(len(list))]
		switch draw.IntN(3) {
		case 0:
			return charset{parameter: "; charset=" + of.name, sample: of.sample}
		case 1:
			return charset{element: "<meta charset=\"" + of.name + "\">\n", sample: of.sample}
		}
		return charset{sample: of.sample,
			element: "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=" + of.name + "\">\n"}
	}
	return charset{parameter: "; charset=utf-8", sample: "café, naïve, 日本語"}
}

// utf16 returns ASCII text in little-endian UTF-16 with a byte order mark.
func utf16(text []byte) []byte {
	wide := make([]byte, 0, 2+2*len(text))
	wide = append(wide, 0xff, 0xfe)
	for _, b := range text {
		wide = append(wide, b, 0)
	}
	return wide
}
