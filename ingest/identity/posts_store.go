package identity

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/redis/go-redis/v9"
)

const (
	postKeyName = "post-key"
	postKeyTemp = "post-key.tmp"
)

// PostKey implements PostKeyStore with a file beside the keys of the days, which
// its owner alone can read.
func (f *FileStore) PostKey(_ context.Context, offer []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key, err := f.readPostKey()
	if err != nil || key != nil {
		return key, err
	}
	if len(offer) != keySize {
		return nil, fmt.Errorf("a key has %d bytes", keySize)
	}
	if err := writeSynced(f.path(postKeyTemp), fmt.Appendf(nil, "%x\n", offer)); err != nil {
		return nil, fmt.Errorf("write the key of the posts: %w", err)
	}
	if err := os.Rename(f.path(postKeyTemp), f.path(postKeyName)); err != nil {
		return nil, fmt.Errorf("write the key of the posts: %w", err)
	}
	if err := syncDir(f.dir); err != nil {
		return nil, fmt.Errorf("write the key of the posts: %w", err)
	}
	return append([]byte(nil), offer...), nil
}

// readPostKey returns nil if there is none.
func (f *FileStore) readPostKey() ([]byte, error) {
	file, err := os.Open(f.path(postKeyName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of the posts: %w", err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the key of the posts: %w", err)
	}
	if open := info.Mode().Perm() &^ fileMode; open != 0 {
		return nil, fmt.Errorf("%s has mode %04o, want %04o", postKeyName, info.Mode().Perm(), fileMode)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return nil, fmt.Errorf("read the key of the posts: %w", err)
	}
	defer clear(text)
	key := make([]byte, keySize)
	if len(text) != hex.EncodedLen(keySize)+1 {
		return nil, fmt.Errorf("%s is damaged: want a line of %d hexadecimal digits", postKeyName, hex.EncodedLen(keySize))
	}
	if _, err := hex.Decode(key, text[:hex.EncodedLen(keySize)]); err != nil {
		return nil, fmt.Errorf("%s is damaged: want a line of hexadecimal digits", postKeyName)
	}
	return key, nil
}

// RedisPostKey keeps the key of the posts in Redis, for an installation of
// several processes: not in the database, whose copies are kept for long.
type RedisPostKey struct {
	Client redis.UniversalClient
	Prefix string // of the name of its key, such as "outcry:"
}

// PostKey implements PostKeyStore.
func (r RedisPostKey) PostKey(ctx context.Context, offer []byte) ([]byte, error) {
	name := r.Prefix + "post-key"
	if err := r.Client.SetNX(ctx, name, offer, 0).Err(); err != nil {
		return nil, fmt.Errorf("keep the key of the posts: %w", err)
	}
	key, err := r.Client.Get(ctx, name).Bytes()
	if err != nil {
		return nil, fmt.Errorf("read the key of the posts: %w", err)
	}
	return key, nil
}
