/* What starting any program costs: linked statically, it does nothing. */
int main(void) {
  return 0;
}
