/* replay.c - runs a fuzz target on the files of a folder, as TAP. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_visible(const struct dirent *entry)
{
  return entry->d_name[0] != '.';
}

/* The file in memory of exactly its size, so that a read beyond it shows. */
static uint8_t *load(const char *path, size_t *ret_size)
{
  struct stat st;
  FILE *f = fopen(path, "rbe");
  uint8_t *data = NULL;

  if (!f)
    return NULL;
  if (fstat(fileno(f), &st) == 0) {
    *ret_size = (size_t)st.st_size;
    data = malloc(*ret_size ? *ret_size : 1);
  }
  if (data && fread(data, 1, *ret_size, f) != *ret_size) {
    free(data);
    data = NULL;
  }
  (void)fclose(f);
  return data;
}

static int replay(const char *folder, const char *name)
{
  char path[4096];
  size_t size = 0;
  uint8_t *data;

  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  data = load(path, &size);
  if (!data)
    return -1;
  (void)LLVMFuzzerTestOneInput(data, size); /* aborts if something is wrong */
  free(data);
  return 0;
}

int main(int argc, char **argv)
{
  struct dirent **entries = NULL;
  int n = argc == 2 ? scandir(argv[1], &entries, is_visible, alphasort) : -1;
  int n_failed = 0;

  for (int i = 0; i < n; i++) {
    int err = replay(argv[1], entries[i]->d_name);

    printf("%s %d - %s\n", err ? "not ok" : "ok", i + 1, entries[i]->d_name);
    (void)fflush(stdout);
    n_failed += err != 0;
    free(entries[i]);
  }
  free(entries);
  if (n <= 0) {
    printf("Bail out! no corpus\n");
    return 1;
  }
  printf("1..%d\n", n);
  return n_failed ? 1 : 0;
}
