package identity

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	fileName = "day-keys"
	tempName = "day-keys.tmp"
	fileMode = 0o600
	dirMode  = 0o700
	// maxFile bounds what is read: three lines are usual.
	maxFile = 4096
)

// FileStore keeps the keys of the days in one file of a directory, for an
// installation of one process. The file can be read by its owner only.
//
// It is replaced as a whole: a crash at any moment leaves either the old keys or
// the new ones. What held the old keys is then overwritten, as well as a file
// system allows it.
type FileStore struct {
	dir string
	now func() time.Time
	mu  sync.Mutex

	fresh bool
}

// Fresh says that there were no keys when the store was opened: none yet, or
// none any more.
func (f *FileStore) Fresh() bool { return f.fresh }

// OpenFile returns the store in the directory, which it makes if there is none.
// A file that others can read, or that is damaged, is refused.
func OpenFile(dir string, now func() time.Time) (*FileStore, error) {
	if dir == "" || now == nil {
		return nil, errors.New("identity: directory and clock are required")
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, fmt.Errorf("open keys of the day: %w", err)
	}
	f := &FileStore{dir: dir, now: now}
	// A crash may have left the file that was being written.
	if err := f.shred(tempName); err != nil {
		return nil, fmt.Errorf("open keys of the day: %w", err)
	}
	keys, err := f.read()
	if err != nil {
		return nil, fmt.Errorf("open keys of the day: %w", err)
	}
	f.fresh = len(keys) == 0
	wipeAll(keys)
	return f, nil
}

// DayKey implements KeyStore. The error wraps outage.ErrInvalid for a day other
// than yesterday, today and tomorrow; others say what the file system said.
func (f *FileStore) DayKey(_ context.Context, at time.Time) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	today, n := dayOf(f.now()), dayOf(at)
	if n < today-1 || n > today+1 {
		return nil, fmt.Errorf("%w: keys are kept from yesterday to tomorrow", outage.ErrInvalid)
	}
	keys, err := f.read()
	if err != nil {
		return nil, fmt.Errorf("read keys of the day: %w", err)
	}
	defer wipeAll(keys)
	changed := false
	for other, key := range keys {
		if other < today-1 || other > today+1 {
			clear(key)
			delete(keys, other)
			changed = true
		}
	}
	if keys[n] == nil {
		keys[n] = make([]byte, keySize)
		_, _ = io.ReadFull(rand.Reader, keys[n]) // never fails
		changed = true
	}
	if changed {
		if err := f.write(keys); err != nil {
			return nil, fmt.Errorf("write keys of the day: %w", err)
		}
	}
	return bytes.Clone(keys[n]), nil
}

// read returns the keys by day; none if there is no file.
func (f *FileStore) read() (map[int64][]byte, error) {
	file, err := os.Open(f.path(fileName))
	if errors.Is(err, fs.ErrNotExist) {
		return map[int64][]byte{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if open := info.Mode().Perm() &^ fileMode; open != 0 {
		return nil, fmt.Errorf("%s has mode %04o, want %04o", fileName, info.Mode().Perm(), fileMode)
	}
	return parseKeys(io.LimitReader(file, maxFile))
}

// parseKeys reads lines of a date and a key: "2026-01-31 <64 hexadecimal digits>".
func parseKeys(r io.Reader) (map[int64][]byte, error) {
	keys := make(map[int64][]byte)
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		date, text, found := bytes.Cut(lines.Bytes(), []byte(" "))
		at, err := time.Parse(time.DateOnly, string(date))
		key := make([]byte, keySize)
		if !found || err != nil || hex.DecodedLen(len(text)) != keySize || len(text)%2 != 0 {
			return nil, fmt.Errorf("%s: line %d: want a date and a key", fileName, number)
		}
		if _, err := hex.Decode(key, text); err != nil {
			return nil, fmt.Errorf("%s: line %d: want a key of hexadecimal digits", fileName, number)
		}
		keys[dayOf(at)] = key
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", fileName, err)
	}
	return keys, nil
}

// write replaces the file and makes sure that it is on the disk, the directory's
// entry included, then overwrites the one that it replaced.
func (f *FileStore) write(keys map[int64][]byte) error {
	var text bytes.Buffer
	defer func() { clear(text.Bytes()) }()
	text.Grow(len(keys) * (len(time.DateOnly) + 2 + hex.EncodedLen(keySize))) // one buffer to wipe
	for n, key := range keys {
		fmt.Fprintf(&text, "%s %x\n", startOf(n).Format(time.DateOnly), key)
	}
	old, err := os.OpenFile(f.path(fileName), os.O_WRONLY, fileMode)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if old != nil {
		defer func() { _ = old.Close() }() // wiped and synced, or about to be reported
	}
	if err := writeSynced(f.path(tempName), text.Bytes()); err != nil {
		return err
	}
	if err := os.Rename(f.path(tempName), f.path(fileName)); err != nil {
		return err
	}
	if err := syncDir(f.dir); err != nil {
		return err
	}
	if old == nil {
		return nil
	}
	return overwrite(old)
}

func (f *FileStore) path(name string) string { return filepath.Join(f.dir, name) }

// shred overwrites and removes a file if it is there.
func (f *FileStore) shred(name string) error {
	file, err := os.OpenFile(f.path(name), os.O_WRONLY, fileMode)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	err = errors.Join(overwrite(file), file.Close())
	return errors.Join(err, os.Remove(f.path(name)))
}

// overwrite fills a file with zeros and waits for the disk.
func overwrite(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if _, err := file.WriteAt(make([]byte, min(info.Size(), maxFile)), 0); err != nil {
		return err
	}
	return file.Sync()
}

func writeSynced(path string, text []byte) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode) //nolint:gosec // the operator's own directory
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := file.Write(text); err != nil {
		return err
	}
	return file.Sync()
}

func syncDir(path string) (err error) {
	dir, err := os.Open(path) //nolint:gosec // the operator's own directory
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	return dir.Sync()
}

func wipeAll(keys map[int64][]byte) {
	for _, key := range keys {
		clear(key)
	}
}
