package archive

import (
	"fmt"
	"os"

	"github.com/outcryhq/outcry/pkg/outage"
)

// presence knows which files a SQLite archive has open, and tells when others,
// or none, are in their place: an unlinked file takes every write, syncs it, and
// is gone with the process.
type presence struct {
	files []os.FileInfo
	paths []string
}

// presenceOf notes the files that are there now: those of a database that has
// just been opened.
func presenceOf(database string) (*presence, error) {
	p := &presence{}
	for _, path := range []string{database, database + "-wal"} {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		p.files, p.paths = append(p.files, info), append(p.paths, path)
	}
	return p, nil
}

// check fails with outage.ErrUnavailable once a file is gone or is another one.
// It costs a few microseconds. A nil presence has nothing to check.
func (p *presence) check() error {
	if p == nil {
		return nil
	}
	for i, path := range p.paths {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("%w: %s is open, but cannot be found: was it deleted? restart Outcry: %w", outage.ErrUnavailable, path, err)
		}
		if !os.SameFile(info, p.files[i]) {
			return fmt.Errorf("%w: %s was replaced while it was open: restart Outcry", outage.ErrUnavailable, path)
		}
	}
	return nil
}
