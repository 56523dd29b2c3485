/** The part of react-router the apps use, shared at run time so that there is one history. */
export {
  BrowserRouter,
  MemoryRouter,
  Link,
  Navigate,
  NavLink,
  Route,
  Routes,
  useLocation,
  useNavigate,
  useParams,
} from "react-router";
