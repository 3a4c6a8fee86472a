package page

import (
	"bytes"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
)

// peek is how much of a document is searched for its charset; that is what HTML prescribes.
const peek = 1024

// decode returns the text of a document in UTF-8, and the encoding of queries in its URLs, nil for UTF-8. What claims
// to be in UTF-8 and is not remains as it is.
func decode(body []byte, contentType string) ([]byte, encoding.Encoding, error) {
	if text, ok := bytes.CutPrefix(body, []byte("\ufeff")); ok {
		return text, nil, nil
	}
	e, name := declared(body, contentType)
	if name == "utf-8" {
		return body, nil, nil
	}
	text, err := e.NewDecoder().Bytes(body)
	if strings.HasPrefix(name, "utf-16") {
		text, e = bytes.TrimPrefix(text, []byte("\ufeff")), nil
	}
	return text, e, err
}

// declared returns the encoding of a document.
func declared(body []byte, contentType string) (encoding.Encoding, string) {
	mark := bytes.HasPrefix(body, []byte("\xfe\xff")) || bytes.HasPrefix(body, []byte("\xff\xfe"))
	if !mark {
		if e, name := header(contentType); name != "" {
			return e, name
		}
		head := bytes.ToLower(body[:min(len(body), peek)])
		if !bytes.Contains(head, []byte("charset")) && utf8.Valid(body) {
			return nil, "utf-8"
		}
	}
	e, name, certain := charset.DetermineEncoding(body, contentType)
	if name == "windows-1252" && !certain && utf8.Valid(body) {
		// It is what is left when nothing is known. Text in windows-1252 is hardly ever valid UTF-8 by accident.
		name = "utf-8"
	}
	return e, name
}

// header returns the encoding that the header of a response names, and no name if it names none that is known.
func header(contentType string) (encoding.Encoding, string) {
	if strings.EqualFold(contentType, "text/html; charset=utf-8") ||
		strings.EqualFold(contentType, "text/html;charset=utf-8") {
		return nil, "utf-8"
	}
	if !strings.Contains(strings.ToLower(contentType), "charset") {
		return nil, ""
	}
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, ""
	}
	return charset.Lookup(params["charset"])
}
