/* flip SOCKET TARGET: as soon as a socket is there, puts a symbolic link to another file in its place. Until it is killed. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    char link[4096];
    snprintf(link, sizeof link, "%s.link", argv[1]);
    for (;;) {
        struct stat about;
        unlink(link);
        if (symlink(argv[2], link) != 0) return 1;
        while (lstat(argv[1], &about) != 0 || !S_ISSOCK(about.st_mode)) continue;
        rename(link, argv[1]);
    }
}
