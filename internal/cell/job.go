package cell

import (
	"encoding/json"

	"crawlbench/internal/store"
)

// MarshalJSON writes j for a child process. The paths may be any that the file system has, and not UTF-8 only.
func (j Job) MarshalJSON() ([]byte, error) {
	type plain Job
	return json.Marshal(struct {
		plain
		Cache, Dir store.Path
	}{plain(j), store.Path(j.Cache), store.Path(j.Dir)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (j *Job) UnmarshalJSON(text []byte) error {
	type plain Job
	var w struct {
		*plain
		Cache, Dir store.Path
	}
	w.plain = (*plain)(j)
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	j.Cache, j.Dir = string(w.Cache), string(w.Dir)
	return nil
}
