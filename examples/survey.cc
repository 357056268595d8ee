// A survey: everybody is asked, and answers are taken until the deadline.

#include <spool/spool.h>

#include <cstdio>
#include <set>
#include <string>
#include <vector>

int main() {
  using namespace std::chrono_literals;

  auto loop = spool::EventLoop::create({}).value();
  auto surveyor = loop.open<spool::Surveyor>().value();
  auto address = surveyor.listen("tcp://127.0.0.1:0").value().address();

  std::vector<spool::Respondent> servers;
  for (int i = 0; i < 3; ++i) {
    servers.push_back(loop.open<spool::Respondent>().value());
    servers.back().connect(address.text()).value();
  }
  // Whoever is not there when the survey begins is not asked.
  surveyor.wait_for_peers(3, 1s).value();

  auto survey = surveyor.survey("who has room?", {.deadline = 200ms}).value();
  std::set<std::string> answers;
  for (;;) {
    auto answer = survey.try_recv();
    if (answer.ok()) answers.emplace(answer->text());
    if (answer.error() == spool::Error::deadline_passed) break;
    if (!answer.ok()) loop.poll_once(10ms);
    for (std::size_t i = 0; i < servers.size(); ++i) {
      if (!servers[i].try_recv().ok()) continue;
      if (i != 1) servers[i].try_send("server " + std::to_string(i)).value();  // one keeps silent
    }
  }
  for (const std::string& answer : answers) std::printf("%s\n", answer.c_str());
  std::printf("the survey is over\n");
}
