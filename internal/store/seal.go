package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Sum returns the SHA-256 sum of text in hex digits.
func Sum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// unixLines returns text with the line ends of Unix, which a checkout by git may have changed.
func unixLines(text []byte) []byte {
	if bytes.IndexByte(text, '\r') < 0 {
		return text
	}
	return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
}

// sealed returns the text of a manifest with its own sum in it.
func sealed(m Manifest) ([]byte, error) {
	m.Sums.Manifest = ""
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	m.Sums.Manifest = Sum(text)
	if text, err = json.MarshalIndent(m, "", "  "); err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

// checkSeal returns an error if the text is not as it was sealed, or its scenario is not that of its sum. A manifest without
// sums, of an older program, may be anything.
func checkSeal(text []byte, m Manifest) error {
	if m.Sums.Manifest == "" {
		return nil
	}
	var dense bytes.Buffer
	if err := json.Compact(&dense, text); err != nil {
		return err
	}
	blank := bytes.Replace(dense.Bytes(), fmt.Appendf(nil, `"manifest":%q`, m.Sums.Manifest), []byte(`"manifest":""`), 1)
	if Sum(blank) != m.Sums.Manifest || m.Sums.Scenario != "" && Sum([]byte(m.ScenarioText)) != m.Sums.Scenario {
		return fmt.Errorf("%s has been changed since crawlbench wrote it: what the run says may not be what was measured", manifestFile)
	}
	return nil
}

// checkPlan returns an error if the text is not that of the manifest's plan.
func checkPlan(text []byte, m Manifest) error {
	if len(m.Sums.Plan) > 0 && !slices.Contains(m.Sums.Plan, Sum(unixLines(text))) {
		return fmt.Errorf("%s has been changed since crawlbench wrote it, or is that of another run: what the run says may not be what was measured", planFile)
	}
	return nil
}

// checkJournal returns an error if the journal does not begin with the lines that the manifest knows of.
func (m Manifest) checkJournal(j *journal) error {
	known := m.Sums.Journal
	switch {
	case known == nil:
		return nil
	case len(j.records) < known.Count:
		return fmt.Errorf("%s has %d records, and had %d when %s was written: the others are lost", journalFile, len(j.records), known.Count, manifestFile)
	case j.begins != known.Sum:
		return fmt.Errorf("%s has been changed since crawlbench wrote it, or is that of another run: what the run says may not be what was measured", journalFile)
	}
	return nil
}
