#include "api/multipart.h"

#include <Poco/Exception.h>
#include <Poco/MemoryStream.h>
#include <Poco/Net/MediaType.h>
#include <Poco/Net/MessageHeader.h>
#include <Poco/Net/MultipartReader.h>
#include <Poco/Net/NameValueCollection.h>
#include <Poco/StreamCopier.h>

namespace myriad::api {

Result<std::string> multipart_field(std::string_view content_type, std::string_view body, const std::string& name) {
  const Error unfit{Code::invalid, "send multipart/form-data with the file in its field '" + name + "', as curl -F " +
                                       name + "=@FILE does"};
  try {
    const Poco::Net::MediaType type{std::string(content_type)};
    if (!type.matches("multipart", "form-data") || !type.hasParameter("boundary")) return unfit;
    Poco::MemoryInputStream in(body.data(), static_cast<std::streamsize>(body.size()));
    Poco::Net::MultipartReader reader(in, type.getParameter("boundary"));
    while (reader.hasNextPart()) {
      Poco::Net::MessageHeader head;
      reader.nextPart(head);
      std::string disposition, content;
      Poco::Net::NameValueCollection parameters;
      Poco::Net::MessageHeader::splitParameters(head.get("Content-Disposition", ""), disposition, parameters);
      Poco::StreamCopier::copyToString(reader.stream(), content);
      if (disposition == "form-data" && parameters.get("name", "") == name) return content;
    }
  } catch (const Poco::Exception& e) {
    return Error{unfit.code, unfit.message + " (" + e.displayText() + ")"};
  }
  return unfit;
}

}  // namespace myriad::api
